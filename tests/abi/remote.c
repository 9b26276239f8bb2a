/* tests/abi/remote.c - the parent of a connector in a child process
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/abi/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int remote_open(struct remote *r, const char *connector)
{
	char program[1024];
	const char *dir = getenv("top_builddir");
	int fds[2];

	memset(r, 0, sizeof *r);
	(void)snprintf(program, sizeof program, "%s/conform_child", dir == NULL ? "." : dir);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return -1;
	r->pid = fork();
	if (r->pid < 0)
		return -1;
	if (r->pid == 0) {
		/* dup2() onto itself would keep close-on-exec. */
		int fd = fds[1] == 3 ? dup(fds[1]) : fds[1];

		if (dup2(fd, 3) == 3)
			(void)execl(program, program, connector, (char *)NULL);
		_exit(127);
	}
	(void)close(fds[1]);
	r->fd = fds[0];
	return 0;
}

static void keep(struct wire_in *slot, int *has, struct wire_in *in)
{
	if (*has)
		wire_free(slot);
	*slot = *in;
	*has = 1;
}

/* One frame that is not the result. 0, or -1 for a type that a child may not send. */
static int take_frame(struct remote *r, struct wire_in *in)
{
	switch (in->type) {
	case WIRE_REPLY:
	case WIRE_FAIL:
		r->answers++;
		keep(&r->answer, &r->has_answer, in);
		return 0;
	case WIRE_HTTP_SEND:
		keep(&r->http, &r->has_http, in);
		return 0;
	case WIRE_READY:
		r->ready = wire_i32(in, WIRE_K_STATUS);
		break;
	case WIRE_DRAINED:
		r->is_drained = 1;
		break;
	case WIRE_LOG:
	case WIRE_HTTP_CANCEL:
		break;
	default:
		wire_free(in);
		return -1;
	}
	wire_free(in);
	return 0;
}

int remote_call(struct remote *r, struct wire_out *out, enum wire_type type, fairlead_status *ret)
{
	uint64_t id = ++r->next_id;
	struct wire_in in;

	if (wire_send(out, r->fd, type, id) != 0)
		return -1;
	for (;;) {
		if (wire_receive(r->fd, &in) != 0)
			return -1;
		if (in.type != WIRE_RESULT) {
			if (take_frame(r, &in) != 0)
				return -1;
			continue;
		}
		*ret = wire_i32(&in, WIRE_K_STATUS);
		wire_free(&in);
		return in.id == id ? 0 : -1;
	}
}

int remote_simple(struct remote *r, enum wire_type type, fairlead_status *ret)
{
	struct wire_out out;

	wire_begin(&out);
	return remote_call(r, &out, type, ret);
}

int remote_close(struct remote *r)
{
	int status = -1;

	(void)close(r->fd);
	if (r->has_answer)
		wire_free(&r->answer);
	if (r->has_http)
		wire_free(&r->http);
	if (waitpid(r->pid, &status, 0) != r->pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}
