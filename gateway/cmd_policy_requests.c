/* gateway/cmd_policy_requests.c - the requests that authorize and explain answer
 * SPDX-License-Identifier: Apache-2.0
 *
 * One request a line, so that a million of them take the memory of one, and an answer can be read
 * before the next request is written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/cmd.h"
#include "gateway/cmd_policy.h"

struct run {
	const struct fl_policy_options *o;
	struct fl_policy_input in;
	fl_policy_request_fn *answer;
	struct fl_arena scratch; /* of one request */
	struct fl_buf line, out;
	unsigned lines;
	bool is_any_invalid;
};

static void tell_invalid(struct run *run, const struct fl_problems *problems)
{
	struct fl_json j;

	run->is_any_invalid = true;
	if (run->o->is_json) {
		fl_json_init(&j, &run->out);
		fl_json_object(&j, NULL);
		fl_json_add_problems(&j, "invalid", problems, FL_JSON_ERRORS);
		fl_json_end(&j);
		fl_buf_add_char(&run->out, '\n');
	} else {
		fl_buf_add_c(&run->out, "invalid\n");
		fl_policy_tell(problems);
	}
	fl_policy_put(&run->out);
}

static bool answer_request(struct run *run, const struct fl_cedar_request *request,
                           struct fl_problems *problems)
{
	if (run->answer(run->o, &run->in, request, &run->scratch, &run->out) &&
	    !fl_buf_is_overflown(&run->out))
		return true;
	fl_buf_clear(&run->out);
	(void)fl_problems_add(problems, "no_memory", (struct fl_position){.line = 0}, FL_STR_NULL,
	                      "the answer takes more than %u bytes, or deciding more than %u",
	                      FL_POLICY_OUTPUT_MAX, FL_POLICY_STORE_MAX);
	return false;
}

static void answer_line(struct run *run, struct fl_str line)
{
	struct fl_arena messages; /* also of what is said of a scratch arena that is full */
	struct fl_problems problems;
	struct fl_cedar_request request;
	struct fl_cedar_json json;
	const struct fl_cedar_json_source source = {
	    .text = line, .file = run->o->requests, .problems = &problems};

	fl_arena_reset(&run->scratch);
	fl_arena_init(&messages, 1024, FL_POLICY_REQUEST_MAX);
	fl_problems_init(&problems, &messages);
	if (fl_cedar_json_parse(&run->scratch, line, source.file, &json, &problems) == 0 &&
	    fl_policy_request_read(&run->in, &json, &source, &run->scratch, &request) &&
	    answer_request(run, &request, &problems)) {
		fl_policy_put(&run->out);
	} else {
		for (struct fl_problem *p = problems.first; p != NULL; p = p->next)
			p->at.line = run->lines; /* it was line 1 of this text */
		tell_invalid(run, &problems);
	}
	fl_arena_fini(&messages);
}

static void line_too_long(struct run *run)
{
	struct fl_problems problems;
	const struct fl_position at = {run->o->requests, run->lines, 1};

	fl_arena_reset(&run->scratch);
	fl_problems_init(&problems, &run->scratch);
	(void)fl_problems_add(&problems, "request_too_long", at, FL_STR_NULL,
	                      "a request is one line of at most %u bytes", FL_POLICY_REQUEST_MAX);
	tell_invalid(run, &problems);
}

static void end_line(struct run *run)
{
	run->lines++;
	if (fl_buf_is_overflown(&run->line))
		line_too_long(run);
	else if (fl_str_trim(fl_buf_str(&run->line)).n > 0)
		answer_line(run, fl_buf_str(&run->line));
	fl_buf_clear(&run->line);
}

static void answer_lines(struct run *run, FILE *from, bool is_interactive)
{
	int c;

	while ((c = getc_unlocked(from)) != EOF) {
		if (c != '\n') {
			fl_buf_add_char(&run->line, (char)c);
			continue;
		}
		end_line(run);
		if (is_interactive)
			(void)fflush(stdout);
	}
	if (run->line.len > 0)
		end_line(run);
}

static bool answer_file(struct run *run)
{
	bool is_stdin = strcmp(run->o->requests, "-") == 0;
	FILE *from = is_stdin ? stdin : fopen(run->o->requests, "re");

	if (from == NULL || (is_stdin && run->in.is_stdin_used)) {
		run->in.is_refused = true;
		return fl_policy_input_fail(&run->in, "file_unreadable", run->o->requests,
		                            from == NULL
		                                ? fl_errno_text(errno)
		                                : "standard input was read already: name a file");
	}
	answer_lines(run, from, is_stdin);
	if (ferror(from)) {
		run->in.is_refused = true;
		(void)fl_policy_input_fail(&run->in, "file_unreadable", run->o->requests,
		                           fl_errno_text(errno));
	}
	if (!is_stdin)
		(void)fclose(from);
	return !run->in.is_refused;
}

static bool answer_one(struct run *run)
{
	const char *context = run->o->context;
	struct fl_str text = fl_str(context);
	struct fl_cedar_request request;

	if (context != NULL && context[0] != '{' &&
	    !fl_policy_input_text(&run->in, NULL, context, FL_POLICY_REQUEST_MAX, &text))
		return false;
	if (!fl_policy_request_make(&run->in, run->o->uids, text, &request) ||
	    !answer_request(run, &request, &run->in.problems))
		return false;
	fl_policy_put(&run->out);
	return true;
}

static bool load(struct run *run)
{
	const struct fl_policy_options *o = run->o;

	if (o->config == NULL)
		return fl_policy_input_load(&run->in, &o->files);
	if (!fl_policy_input_config(&run->in, o->config))
		return false;
	return run->in.set != NULL || fl_policy_input_fail(&run->in, "policy_none", o->config,
	                                                   "no policy is in force there");
}

int fl_policy_each_request(const struct fl_policy_options *o, fl_policy_request_fn *answer)
{
	struct run run = {.o = o, .answer = answer};
	int status;

	fl_arena_init(&run.scratch, 64u << 10, FL_POLICY_STORE_MAX);
	fl_buf_init(&run.line, FL_POLICY_REQUEST_MAX);
	fl_buf_init(&run.out, FL_POLICY_OUTPUT_MAX);
	fl_policy_input_init(&run.in);
	if (load(&run))
		(void)(o->requests != NULL ? answer_file(&run) : answer_one(&run));
	fl_policy_tell(&run.in.problems);
	status = fl_policy_input_status(&run.in);
	if (status == 0 && run.is_any_invalid)
		status = FL_CMD_EXIT_CONFIG;
	fl_policy_input_fini(&run.in);
	fl_arena_fini(&run.scratch);
	fl_buf_fini(&run.line);
	fl_buf_fini(&run.out);
	return status;
}
