/* gateway/connector/service_kv.c - private: fairlead.kv/1
 * SPDX-License-Identifier: Apache-2.0
 *
 * The store answers at once; what makes it an operation is that the event comes later.
 */
#include "gateway/connector/op.h"

static void set_payload(struct fl_op *op, uint64_t version, struct fl_buf *value)
{
	op->memory = value->p; /* freed with the operation */
	op->kv = (fairlead_kv_result){
	    .struct_size = sizeof op->kv,
	    .version = version,
	    .value = {value->p, value->len},
	};
	op->payload = &op->kv;
}

static fairlead_status run(struct fl_life *life, fairlead_id req, struct fl_kv_args *args,
                           fairlead_id *ret_op)
{
	struct fl_instance *instance = life->instance;
	size_t quota = instance->spec.kv_quota_bytes;
	fairlead_status status;
	struct fl_buf value;
	uint64_t version;
	struct fl_op *op;

	if (args->key.n == 0 || args->key.n > FL_KV_KEY_MAX || args->value.n > FL_KV_VALUE_MAX ||
	    !args->key.p || (args->value.n > 0 && !args->value.p))
		return FAIRLEAD_E_INVAL;
	op = fl_op_take(life, req, FAIRLEAD_EVENT_KV);
	if (!op)
		return FAIRLEAD_E_AGAIN;
	fl_buf_init(&value, FL_KV_VALUE_MAX);
	args->quota_bytes = quota ? quota : FL_KV_QUOTA_DEFAULT;
	status = fl_kv_run(instance->store, args, &version, &value);
	if (fl_buf_is_overflown(&value)) { /* no memory for what was found */
		fl_buf_fini(&value);
		fl_op_put_back(op);
		return FAIRLEAD_E_AGAIN;
	}
	set_payload(op, version, &value);
	fl_op_open(op, ret_op);
	fl_op_end_later(op, status);
	return FAIRLEAD_PENDING;
}

static fairlead_status enter_and_run(fairlead_id self, fairlead_id req, struct fl_kv_args args,
                                     fairlead_id *ret_op)
{
	fairlead_status status;
	FL_SELF_LEAVE struct fl_life *life =
	    fl_service_enter(self, FAIRLEAD_EXT_KV, FL_PHASE_QUIESCING, &status);

	if (!life)
		return status;
	return ret_op ? run(life, req, &args, ret_op) : FAIRLEAD_E_INVAL;
}

static struct fl_str str_of(fairlead_str s)
{
	return fl_str_n(s.p, s.n);
}

static fairlead_status FAIRLEAD_CALL service_get(fairlead_id self, fairlead_id req,
                                                 fairlead_str key, fairlead_id *ret_op)
{
	return enter_and_run(self, req, (struct fl_kv_args){.verb = FL_KV_GET, .key = str_of(key)},
	                     ret_op);
}

static fairlead_status FAIRLEAD_CALL service_put(fairlead_id self, fairlead_id req,
                                                 fairlead_str key, fairlead_str value,
                                                 uint64_t ttl_ns, fairlead_id *ret_op)
{
	return enter_and_run(
	    self, req,
	    (struct fl_kv_args){
		.verb = FL_KV_PUT, .key = str_of(key), .value = str_of(value), .ttl_ns = ttl_ns},
	    ret_op);
}

static fairlead_status FAIRLEAD_CALL service_cas(fairlead_id self, fairlead_id req,
                                                 fairlead_str key, uint64_t version,
                                                 fairlead_str value, uint64_t ttl_ns,
                                                 fairlead_id *ret_op)
{
	return enter_and_run(self, req,
	                     (struct fl_kv_args){.verb = FL_KV_CAS,
	                                         .key = str_of(key),
	                                         .value = str_of(value),
	                                         .version = version,
	                                         .ttl_ns = ttl_ns},
	                     ret_op);
}

static fairlead_status FAIRLEAD_CALL service_remove(fairlead_id self, fairlead_id req,
                                                    fairlead_str key, fairlead_id *ret_op)
{
	return enter_and_run(self, req,
	                     (struct fl_kv_args){.verb = FL_KV_REMOVE, .key = str_of(key)}, ret_op);
}

const fairlead_kv_store fl_service_kv = {
    .struct_size = sizeof fl_service_kv,
    .get = service_get,
    .put = service_put,
    .cas = service_cas,
    .remove = service_remove,
};
