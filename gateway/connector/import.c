/* gateway/connector/import.c - functions of libc that a connector may not use
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gateway/connector/import.h"

#include "base/macros.h"

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

static const struct {
	struct fl_import_rule rule;
	const char *names[24];
} imports[] = {
    {{FL_IMPORT_FORBIDDEN, "it loads code that nobody checked", "link it statically"},
     {"dlopen", "dlmopen", "__libc_dlopen_mode"}},
    {{FL_IMPORT_FORBIDDEN, "it starts a process out of the gateway",
      "call a service through fairlead.http/1"},
     {"fork", "_Fork", "vfork", "clone", "__clone", "daemon", "system", "popen", "posix_spawn",
      "posix_spawnp", "execve", "execv", "execvp", "execvpe", "execl", "execle", "execlp",
      "execveat", "fexecve"}},
    {{FL_IMPORT_FORBIDDEN, "it ends the gateway or runs after the connector is gone",
      "return an error instead"},
     {"exit", "_exit", "_Exit", "quick_exit", "on_exit", "at_quick_exit", "__cxa_at_quick_exit",
      "pthread_atfork", "__register_atfork"}},
    {{FL_IMPORT_FORBIDDEN, "signals belong to the gateway", "use fairlead.timer/1 for time-outs"},
     {"signal", "bsd_signal", "sysv_signal", "__sysv_signal", "sigaction", "__sigaction", "sigset",
      "sigignore", "siginterrupt", "sigvec", "sigaltstack", "alarm", "setitimer"}},
    {{FL_IMPORT_FORBIDDEN, "it changes who the gateway is", "let the operator set it up"},
     {"setuid", "seteuid", "setreuid", "setresuid", "setfsuid", "setgid", "setegid", "setregid",
      "setresgid", "setfsgid", "setgroups", "initgroups", "setsid", "setpgid", "setpgrp"}},
    {{FL_IMPORT_FORBIDDEN, "it changes what the whole process shares",
      "keep it in the instance, or ask for it in the configuration"},
     {"setenv", "unsetenv", "putenv", "clearenv", "setlocale", "chdir", "fchdir", "umask",
      "setrlimit", "setrlimit64", "prlimit", "prlimit64", "mallopt"}},
    {{FL_IMPORT_FORBIDDEN, "it changes how the kernel treats the gateway",
      "let the operator set it up"},
     {"ptrace", "prctl", "mount", "umount", "umount2", "chroot", "pivot_root", "unshare", "setns",
      "setpriority", "reboot"}},
    {{FL_IMPORT_THREADS, "it starts a thread",
      "use fairlead.exec/1, or declare permissions.threads in the manifest"},
     {"pthread_create", "thrd_create"}},
    {{FL_IMPORT_MARKS_THREAD, "it leaves something behind in the calling thread", ""},
     {"__cxa_thread_atexit_impl", "__cxa_thread_atexit", "pthread_key_create", "tss_create"}},
};

const struct fl_import_rule *fl_import_rule(struct fl_str function)
{
	for (size_t i = 0; i < FL_ARRAY_LEN(imports); i++)
		for (const char *const *name = imports[i].names; *name != NULL; name++)
			if (fl_str_is(function, *name))
				return &imports[i].rule;
	return NULL;
}

const char *fl_host_libc_version(void)
{
#ifdef __GLIBC__
	return gnu_get_libc_version();
#else
	return NULL;
#endif
}
