// The C interface: versions, errors and contexts.
#include "lib/c_api.hpp"

#include "lib/call.hpp"
#include "samebits/version.hpp"

using samebits::c_api::complete;
using samebits::c_api::guard;
using samebits::c_api::require_array;
using samebits::c_api::require_pointer;
using samebits::c_api::require_size;

namespace {

thread_local std::string last_error;

}  // namespace

samebits_status samebits::c_api::failed(samebits_status status, const char* message) noexcept {
  try {
    last_error = message;
  } catch (...) {
    last_error.clear();
  }
  return status;
}

extern "C" {

SAMEBITS_C_API const char* samebits_version(void) { return SAMEBITS_VERSION; }
SAMEBITS_C_API int32_t samebits_numerics_version(void) { return SAMEBITS_NUMERICS_VERSION; }
SAMEBITS_C_API const char* samebits_last_error(void) { return last_error.c_str(); }

SAMEBITS_C_API void samebits_context_options_init(samebits_context_options* options) {
  if (options != nullptr) {
    *options = {sizeof(samebits_context_options), nullptr, nullptr, 0, nullptr, 0, -1};
  }
}

SAMEBITS_C_API samebits_status samebits_context_create(const samebits_context_options* options,
                                                       samebits_context** context) {
  return guard([&] {
    require_pointer(context, "context_create", "context");
    const samebits_context_options o = complete(options, samebits_context_options_init, "context_create");
    require_array(o.devices, o.n_devices, "context_create", "options.devices", "options.n_devices");
    const samebits::context_options cpp{o.backend == nullptr ? "" : o.backend,
                                        o.isa == nullptr ? "" : o.isa,
                                        o.n_threads,
                                        o.device,
                                        {o.devices, o.devices + o.n_devices}};
    *context = new samebits_context{samebits::context(cpp)};
  });
}

SAMEBITS_C_API void samebits_context_destroy(samebits_context* context) { delete context; }

SAMEBITS_C_API const char* samebits_context_backend(const samebits_context* context) {
  return context == nullptr ? "" : context->context.backend();
}
SAMEBITS_C_API const char* samebits_context_isa(const samebits_context* context) {
  return context == nullptr ? "" : context->context.isa();
}
SAMEBITS_C_API int32_t samebits_context_n_threads(const samebits_context* context) {
  return context == nullptr ? 0 : context->context.n_threads();
}
SAMEBITS_C_API int32_t samebits_context_device(const samebits_context* context) {
  return context == nullptr ? 0 : context->context.device();
}
SAMEBITS_C_API int32_t samebits_context_n_devices(const samebits_context* context) {
  return context == nullptr ? 0 : static_cast<int32_t>(context->context.devices().size());
}
SAMEBITS_C_API int32_t samebits_context_device_at(const samebits_context* context, int32_t index) {
  const bool is_there = index >= 0 && index < samebits_context_n_devices(context);
  return is_there ? context->context.devices()[static_cast<size_t>(index)] : -1;
}
SAMEBITS_C_API int32_t samebits_context_available_devices(const samebits_context* context) {
  return context == nullptr ? 0 : context->context.available_devices();
}

SAMEBITS_C_API samebits_status samebits_context_on_stream(const samebits_context* context, void* cuda_stream,
                                                          samebits_context** queued) {
  return guard([&] {
    require_pointer(context, "context_on_stream", "context");
    require_pointer(queued, "context_on_stream", "queued");
    *queued = new samebits_context{context->context.on_stream(cuda_stream)};
  });
}

SAMEBITS_C_API samebits_status samebits_context_synchronize(const samebits_context* context) {
  return guard([&] {
    require_pointer(context, "context_synchronize", "context");
    context->context.synchronize();
  });
}

// ---- memory of the backend ---------------------------------------------------------------------------------------

SAMEBITS_C_API samebits_status samebits_device_allocate(const samebits_context* context, int64_t bytes, void** memory) {
  return guard([&] {
    require_pointer(context, "device_allocate", "context");
    require_size(bytes, "device_allocate", "bytes");
    require_pointer(memory, "device_allocate", "memory");
    void* found = nullptr;
    if (bytes > 0) {
      samebits_call call = samebits::make_call(context->context);
      samebits::require_ok(context->context.table()->allocate(&call, bytes, &found), call, "device_allocate");
    }
    *memory = found;
  });
}

SAMEBITS_C_API samebits_status samebits_device_release(const samebits_context* context, void* memory) {
  return guard([&] {
    require_pointer(context, "device_release", "context");
    if (memory != nullptr) {
      samebits_call call = samebits::make_call(context->context);
      samebits::require_ok(context->context.table()->release(&call, memory), call, "device_release");
    }
  });
}

SAMEBITS_C_API samebits_status samebits_device_copy(const samebits_context* context, void* to, const void* from,
                                                    int64_t bytes) {
  return guard([&] {
    require_pointer(context, "device_copy", "context");
    require_array(to, bytes, "device_copy", "to", "bytes");
    require_array(from, bytes, "device_copy", "from", "bytes");
    if (bytes > 0) {
      samebits_call call = samebits::make_call(context->context);
      samebits::require_ok(context->context.table()->copy(&call, to, from, bytes), call, "device_copy");
    }
  });
}

}  // extern "C"
