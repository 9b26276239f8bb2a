/* tests/mock/load/load.c - a connector that is wrong in one way, chosen by macros (build.sh)
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include <fairlead/note.h>
#include <fairlead/plugin.h>

#ifndef STRUCT_SIZE
#define STRUCT_SIZE sizeof(fairlead_plugin)
#endif
#ifndef TABLE_ID
#define TABLE_ID FAIRLEAD_CONNECTOR_ID
#endif
#ifndef TABLE_VERSION
#define TABLE_VERSION FAIRLEAD_CONNECTOR_VERSION
#endif
#ifndef CREATE
#define CREATE create
#endif
#ifndef HANDLE
#define HANDLE handle
#endif
#ifndef DESTROY
#define DESTROY destroy
#endif

#ifndef WITHOUT_NOTE
FAIRLEAD_NOTE(FAIRLEAD_CONNECTOR_ID, FAIRLEAD_CONNECTOR_VERSION);
#endif

/* ---- what the variants add ---- */

#ifdef WITH_UNIQUE
__asm__(".pushsection .bss\n.globl shared_counter\n.type shared_counter, @gnu_unique_object\n"
	".size shared_counter, 4\nshared_counter: .zero 4\n.popsection");
#endif

#ifdef WITH_IFUNC
static int chosen(void)
{
	return 1;
}
static int (*choose(void))(void)
{
	return chosen;
}
static int indirect(void) __attribute__((ifunc("choose")));
static int (*const volatile use_indirect)(void) __attribute__((used)) = indirect;
#endif

#ifdef WITH_STATIC_TLS
static _Thread_local volatile int of_the_thread __attribute__((tls_model("initial-exec")));
#endif

#ifdef WITH_TEXTREL
extern const fairlead_plugin *fairlead_plugin_entry_v1(void);
__asm__(".pushsection .text\n.quad fairlead_plugin_entry_v1\n.popsection");
#endif

#ifdef WITH_INTERP
static const char interp[] __attribute__((section(".interp"), used)) = "/lib64/ld-linux-x86-64.so.2";
#endif

#ifdef WITH_EXPORT
__attribute__((visibility("default"))) int helper(void);
int helper(void)
{
	return 1;
}
#endif

#ifdef WITH_CALL /* the name of a function that takes nothing that matters */
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
extern int function(void) __asm__(TEXT(WITH_CALL));
static int (*const volatile called)(void) __attribute__((used)) = function;
#endif

#ifdef WITH_THREAD_DESTRUCTOR /* what C++ and Rust make of thread-local objects */
extern int __cxa_thread_atexit_impl(void (*fn)(void *), void *object, void *dso);
extern void *__dso_handle;
static void forget(void *object)
{
	(void)object;
}
#endif

#ifdef WITH_CONSTRUCTOR_HANG
extern int pause(void);
__attribute__((constructor)) static void hang(void)
{
	for (;;)
		(void)pause();
}
#endif

/* ---- a connector that does nothing ---- */

struct fairlead_inst {
	int unused;
};

static fairlead_status create(const fairlead_host *host, const fairlead_create *args,
			      fairlead_inst **out)
{
	(void)host;
	(void)args;
#ifdef WITH_STATIC_TLS
	of_the_thread++;
#endif
#ifdef WITH_THREAD_DESTRUCTOR
	(void)__cxa_thread_atexit_impl(forget, NULL, &__dso_handle);
#endif
	*out = malloc(sizeof **out);
	return *out == NULL ? FAIRLEAD_E_INTERNAL : FAIRLEAD_OK;
}

static fairlead_status handle(fairlead_inst *inst, const fairlead_request *req)
{
	(void)inst;
	(void)req;
	return FAIRLEAD_E_UNSUPPORTED;
}

static void destroy(fairlead_inst *inst)
{
	free(inst);
}

const fairlead_plugin *fairlead_plugin_entry_v1(void)
{
	static const fairlead_plugin plugin = {
	    .struct_size = (uint32_t)(STRUCT_SIZE),
	    .abi_minor = FAIRLEAD_ABI_MINOR,
	    .id = TABLE_ID,
	    .version = TABLE_VERSION,
	    .create = CREATE,
	    .handle = HANDLE,
	    .destroy = DESTROY,
	};
	(void)create;
	(void)handle;
	(void)destroy;

#ifdef ENTRY_NULL
	return NULL;
#else
	return &plugin;
#endif
}
