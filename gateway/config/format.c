/* gateway/config/format.c - what a string must look like
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for memrchr() */

#include "gateway/config/format.h"

#include <arpa/inet.h>
#include <sys/un.h>

struct input {
	struct fl_arena *scratch;
	const char *dir;
	struct fl_str *text;
};

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Begins with a letter or digit, and goes on with those and the characters of `more`. */
static bool is_word(struct fl_str s, size_t max, const char *more)
{
	if (s.n == 0 || s.n > max || !is_alnum(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!is_alnum(s.p[i]) && (s.p[i] == '\0' || strchr(more, s.p[i]) == NULL))
			return false;
	return true;
}

static bool is_lower(struct fl_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return false;
	return true;
}

static bool make_lower(const struct input *in)
{
	char *copy = fl_arena_alloc(in->scratch, in->text->n + 1);

	if (copy == NULL)
		return false;
	for (size_t i = 0; i < in->text->n; i++) {
		char c = in->text->p[i];

		copy[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	copy[in->text->n] = '\0';
	in->text->p = copy;
	return true;
}

static bool check_name(const struct input *in)
{
	return is_word(*in->text, 64, "._-");
}

static bool check_connector(const struct input *in)
{
	return is_word(*in->text, 128, ".-") && is_lower(*in->text) &&
	       in->text->p[in->text->n - 1] != '.';
}

bool fl_cfg_format_is_secret_name(struct fl_str s)
{
	return is_word(s, 128, "._/-");
}

static bool check_secret(const struct input *in)
{
	return fl_cfg_format_is_secret_name(*in->text);
}

static bool check_public_url(const struct input *in)
{
	struct fl_str s = *in->text;
	size_t head = fl_str_starts(s, FL_STR("https://")) ? 8 : fl_str_starts(s, FL_STR("http://")) ? 7 : 0;

	if (head == 0 || s.n == head)
		return s.n == 0;
	for (size_t i = head; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || strchr("/?#@\\", s.p[i]) != NULL)
			return false;
	return true;
}

static bool check_secret_ref(const struct input *in)
{
	static const struct fl_str open = FL_STR_INIT("${secret:");
	struct fl_str s = *in->text;

	if (!fl_str_starts(s, open) || s.p[s.n - 1] != '}')
		return false;
	s = fl_str_n(s.p + open.n, s.n - open.n - 1);
	if (!fl_cfg_format_is_secret_name(s))
		return false;
	*in->text = s;
	return true;
}

/* "1.2.0", "1.2.x", "1.x"; no leading zeros. */
static bool check_version(const struct input *in)
{
	struct fl_str rest = *in->text;

	if (rest.n > 32)
		return false;
	for (int part = 0; part < 3; part++) {
		struct fl_str number = fl_str_split(rest, '.', &rest);
		uint64_t v;

		if (part != 0 && fl_str_is(number, "x"))
			return rest.p == NULL;
		if (!fl_str_to_u64(number, &v) || (number.n > 1 && number.p[0] == '0'))
			return false;
		if (rest.p == NULL)
			return part == 2;
	}
	return false;
}

static bool is_hex(struct fl_str s, size_t n)
{
	if (s.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s.p[i] == '\0' || strchr("0123456789abcdefABCDEF", s.p[i]) == NULL)
			return false;
	return true;
}

static bool check_sha256(const struct input *in)
{
	return is_hex(*in->text, 64) && make_lower(in);
}

/* "blake2b:", which key it was made with, ":", the hash: see gateway/auth/api_key.h. */
static bool check_key_hash(const struct input *in)
{
	struct fl_str rest, method = fl_str_split(*in->text, ':', &rest);
	struct fl_str made_with = fl_str_split(rest, ':', &rest);

	return fl_str_is(method, "blake2b") && is_hex(made_with, 8) && is_hex(rest, 64) &&
	       make_lower(in);
}

static bool check_file(const struct input *in)
{
	if (in->text->n == 0 || in->text->n > 4000)
		return false;
	*in->text = fl_cfg_join(in->scratch, in->dir, *in->text);
	return in->text->p != NULL;
}

/* ---- addresses ---- */

static bool is_port(struct fl_str s, uint64_t min)
{
	uint64_t v;

	return s.n <= 5 && fl_str_to_u64(s, &v) && v >= min && v <= 65535;
}

static bool is_address(struct fl_str s, int family)
{
	unsigned char raw[16];
	char text[INET6_ADDRSTRLEN];

	if (s.n == 0 || s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return strlen(text) == s.n && inet_pton(family, text, raw) == 1;
}

/* Parts "host:port" and "[v6]:port"; *is_v6 says which. */
static bool split_port(struct fl_str s, struct fl_str *host, struct fl_str *port, bool *is_v6)
{
	const char *colon = s.n ? memrchr(s.p, ':', s.n) : NULL;

	if (colon == NULL)
		return false;
	*host = fl_str_n(s.p, (size_t)(colon - s.p));
	*port = fl_str_n(colon + 1, s.n - host->n - 1);
	*is_v6 = host->n >= 2 && host->p[0] == '[' && host->p[host->n - 1] == ']';
	if (*is_v6)
		*host = fl_str_n(host->p + 1, host->n - 2);
	return true;
}

static bool check_listen(const struct input *in)
{
	struct fl_str host, port;
	bool is_v6;

	return split_port(*in->text, &host, &port, &is_v6) && is_port(port, 0) &&
	       is_address(host, is_v6 ? AF_INET6 : AF_INET);
}

static bool check_admin_listen(const struct input *in)
{
	if (!fl_str_starts(*in->text, FL_STR("unix:")))
		return check_listen(in);
	struct fl_str path = fl_str_n(in->text->p + 5, in->text->n - 5);

	if (path.n == 0)
		return false;
	path = fl_cfg_join(in->scratch, in->dir, path);
	if (path.p == NULL || path.n >= sizeof ((struct sockaddr_un *)NULL)->sun_path)
		return false;
	*in->text = fl_arena_printf(in->scratch, "unix:%s", path.p);
	return in->text->p != NULL;
}

static bool check_network(const struct input *in)
{
	struct fl_str bits, address = fl_str_split(*in->text, '/', &bits);
	int family = is_address(address, AF_INET) ? AF_INET : AF_INET6;
	uint64_t v = 0;

	return is_address(address, family) &&
	       (bits.p == NULL || (bits.n <= 3 && fl_str_to_u64(bits, &v) &&
				   v <= (family == AF_INET ? 32 : 128)));
}

/* Labels of letters, digits, "-" and "_" with dots between; a name or an IPv4 address. */
static bool is_host(struct fl_str s)
{
	size_t label = 0;

	if (s.n == 0 || s.n > 253)
		return false;
	for (size_t i = 0; i <= s.n; i++) {
		char c = i == s.n ? '.' : s.p[i];

		if (c == '.' && (label == 0 || label > 63))
			return false;
		if (c != '.' && !is_alnum(c) && c != '-' && c != '_')
			return false;
		label = c == '.' ? 0 : label + 1;
	}
	return true;
}

static struct fl_str without_star(struct fl_str s)
{
	return fl_str_starts(s, FL_STR("*.")) ? fl_str_n(s.p + 2, s.n - 2) : s;
}

static bool check_egress(const struct input *in)
{
	struct fl_str host, port;
	bool is_v6;

	if (!split_port(*in->text, &host, &port, &is_v6) || !is_port(port, 1) || !make_lower(in))
		return false;
	return is_v6 ? is_address(host, AF_INET6) : is_host(without_star(host));
}

static bool check_host(const struct input *in)
{
	return is_host(without_star(*in->text)) && make_lower(in);
}

/* ---- HTTP ---- */

/* Only what is plain to see; what templates mean is gateway/route's to check. */
static bool check_route_path(const struct input *in)
{
	if (in->text->n == 0 || in->text->n > 2048 || in->text->p[0] != '/')
		return false;
	for (size_t i = 0; i < in->text->n; i++) {
		unsigned char c = (unsigned char)in->text->p[i];

		if (c <= ' ' || c >= 0x7f || c == '?' || c == '#')
			return false;
	}
	return true;
}

static bool check_header(const struct input *in)
{
	if (in->text->n == 0 || in->text->n > 128)
		return false;
	for (size_t i = 0; i < in->text->n; i++) {
		char c = in->text->p[i];

		/* RFC 9110, 5.6.2, without "_": the guard refuses such names. */
		if (!is_alnum(c) && (c == '\0' || strchr("!#$%&'*+-.^`|~", c) == NULL))
			return false;
	}
	return make_lower(in);
}

/* RFC 7617: no control characters, and in a user no ":". */
static bool check_user(const struct input *in)
{
	struct fl_str s = *in->text;

	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f || s.p[i] == ':')
			return false;
	return s.n > 0 && s.n <= 128 && fl_str_is_utf8(s);
}

static bool check_realm(const struct input *in)
{
	struct fl_str s = *in->text;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return s.n > 0 && s.n <= 64;
}

static bool check_limit_by(const struct input *in)
{
	static const struct fl_str prefix = FL_STR_INIT("header:");
	struct fl_str name;

	if (!fl_str_starts(*in->text, prefix))
		return false;
	name = fl_str_n(in->text->p + prefix.n, in->text->n - prefix.n);
	return check_header(&(struct input){in->scratch, in->dir, &name}) && make_lower(in);
}

typedef bool (*check_fn)(const struct input *in);

static const struct {
	const char *text, *pattern;
	check_fn check;
} formats[FL_CFG_FORMAT_N] = {
    [FL_CFG_FORMAT_NAME] = {"a name: letters, digits, \".\", \"_\", \"-\", at most 64, beginning with a "
			    "letter or digit",
			    "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", check_name},
    [FL_CFG_FORMAT_CONNECTOR] = {"the id of a connector: lower-case letters, digits, \"-\" and dots "
				 "between parts",
				 "^[a-z0-9][a-z0-9.-]{0,127}$", check_connector},
    [FL_CFG_FORMAT_SECRET] = {"the name of a secret: letters, digits, \".\", \"_\", \"/\", \"-\", at most "
			      "128",
			      "^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$", check_secret},
    [FL_CFG_FORMAT_SECRET_REF] = {"a secret by its name, as \"${secret:NAME}\"",
				  "^\\$\\{secret:[A-Za-z0-9][A-Za-z0-9._/-]{0,127}\\}$", check_secret_ref},
    [FL_CFG_FORMAT_PUBLIC_URL] = {"a URL without a path, such as \"https://api.example.com\"",
				  "^(https?://[^/?#@]+)?$", check_public_url},
    [FL_CFG_FORMAT_VERSION] = {"a version such as \"1.2.0\", \"1.2.x\" or \"1.x\"",
			       "^[0-9]+\\.(x|[0-9]+\\.(x|[0-9]+))$", check_version},
    [FL_CFG_FORMAT_SHA256] = {"a SHA-256 in 64 hexadecimal digits", "^[0-9a-fA-F]{64}$", check_sha256},
    [FL_CFG_FORMAT_FILE] = {"the path of a file or folder", NULL, check_file},
    [FL_CFG_FORMAT_LISTEN] = {"an address and a port, such as \"127.0.0.1:8080\", \"0.0.0.0:80\" or "
			      "\"[::1]:8080\"",
			      ":[0-9]{1,5}$", check_listen},
    [FL_CFG_FORMAT_ADMIN_LISTEN] = {"an address and a port, such as \"127.0.0.1:8901\", or "
				    "\"unix:/run/fairlead/admin.sock\"",
				    "^(unix:.+|.+:[0-9]{1,5})$", check_admin_listen},
    [FL_CFG_FORMAT_NETWORK] = {"an address or a network, such as \"10.0.0.7\" or \"10.0.0.0/8\"",
			       "^[0-9a-fA-F.:]+(/[0-9]{1,3})?$", check_network},
    [FL_CFG_FORMAT_EGRESS] = {"\"host:port\" or \"*.suffix:port\", such as \"api.example.com:443\"",
			      ":[0-9]{1,5}$", check_egress},
    [FL_CFG_FORMAT_HOST] = {"a host name without port, such as \"api.example.com\" or \"*.example.com\"",
			    "^(\\*\\.)?[A-Za-z0-9_.-]+$", check_host},
    [FL_CFG_FORMAT_ROUTE_PATH] = {"a path that begins with \"/\", such as \"/v1/orders/{id}\" or "
				  "\"/files/**\"",
				  "^/[^ ?#]*$", check_route_path},
    [FL_CFG_FORMAT_HEADER] = {"the name of an HTTP header, without \"_\"", "^[!#$%&'*+.^`|~0-9A-Za-z-]+$",
			      check_header},
    [FL_CFG_FORMAT_LIMIT_BY] = {"\"consumer\", \"address\", \"route\", \"instance\" or \"header:NAME\"",
				"^header:[!#$%&'*+.^`|~0-9A-Za-z-]+$", check_limit_by},
    [FL_CFG_FORMAT_KEY_HASH] = {"the hash of an API key, as \"fairlead key create\" prints it: "
				"\"blake2b:\", 8 hexadecimal digits, \":\", 64 hexadecimal digits",
				"^blake2b:[0-9a-fA-F]{8}:[0-9a-fA-F]{64}$", check_key_hash},
    [FL_CFG_FORMAT_USER] = {"a user of at most 128 bytes without \":\" and control characters",
			    "^[^:]+$", check_user},
    [FL_CFG_FORMAT_REALM] = {"a text of at most 64 ASCII characters without quotation marks and \"\\\"",
			     "^[ !#-\\[\\]-~]{1,64}$", check_realm},
};

const char *fl_cfg_format_text(enum fl_cfg_format format)
{
	return formats[format].text;
}

const char *fl_cfg_format_pattern(enum fl_cfg_format format)
{
	return formats[format].pattern;
}

bool fl_cfg_format_check(struct fl_arena *scratch, enum fl_cfg_format format, const char *dir,
			 struct fl_str *text)
{
	const struct input in = {scratch, dir, text};

	return formats[format].check == NULL || formats[format].check(&in);
}
