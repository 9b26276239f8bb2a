/* gateway/cmd_init.c - fairlead init: a configuration to start from
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h" /* _GNU_SOURCE, for asprintf() */

#include "gateway/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static const char text[] =
    "# fairlead.yaml - see fairlead.conf(5); check it with: fairlead check fairlead.yaml\n"
    "# What stands under server: is read at start; everything else is live: edit it, then kill "
    "-HUP,\n"
    "# or run with --watch.\n"
    "apiVersion: fairlead/v1\n"
    "server:\n"
    "  listen: [\"127.0.0.1:8080\"]\n"
    "  admin: { listen: [\"127.0.0.1:8901\"] }\n"
    "  data_dir: data                           # relative to this file\n"
    "  access_log: data/access.log\n"
    "\n"
    "instances:                                 # a connector with a name and a configuration\n"
    "  echo: { connector: echo }\n"
    "  proxy:\n"
    "    connector: http\n"
    "    config: { base_url: \"http://127.0.0.1:8080\", rewrite: { strip_prefix: /proxy } }\n"
    "    # Loopback is refused unless it is granted; here the gateway forwards to itself.\n"
    "    grants: { egress: [\"127.0.0.1:8080\"], private_addresses: true }\n"
    "\n"
    "routes:\n"
    "  echo:  { match: { path: /echo }, to: { instance: echo, action: reply } }\n"
    "  proxy: { match: { path: \"/proxy/**\" }, to: { instance: proxy, action: forward } }\n";

static int refuse(const char *what, const char *path)
{
	(void)fprintf(stderr, "fairlead init: cannot %s %s: %s\n", what, path,
	              fl_errno_text(errno));
	return FL_CMD_EXIT_FAILED;
}

/* Never over an existing file. */
static int write_new(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	const size_t n = sizeof text - 1;
	int rc = 0;

	if (fd < 0)
		return refuse("make", path);
	if (write(fd, text, n) != (ssize_t)n) {
		rc = refuse("write", path);
		(void)unlink(path);
	}
	(void)close(fd);
	return rc;
}

int fl_cmd_init(void *ctx, int argc, char **argv)
{
	const char *dir = argc == 2 ? argv[1] : ".";
	char *path, *data;
	int rc;

	(void)ctx;
	if (argc > 2 || dir[0] == '-')
		return FL_COMMAND_USAGE;
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return refuse("make", dir);
	if (asprintf(&path, "%s/fairlead.yaml", dir) < 0)
		return FL_CMD_EXIT_FAILED;
	if (asprintf(&data, "%s/data", dir) < 0) {
		free(path);
		return FL_CMD_EXIT_FAILED;
	}
	rc = write_new(path);
	if (rc == 0 && mkdir(data, 0700) != 0 && errno != EEXIST)
		rc = refuse("make", data);
	if (rc == 0)
		(void)printf("wrote %s\nnext: fairlead run -c %s\n", path, path);
	free(data);
	free(path);
	return rc;
}
