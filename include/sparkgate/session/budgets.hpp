// What all sessions and batches together may hold in memory, by purpose. Each has a key and is in
// docs/limits.md. Event-loop thread only.
#pragma once

#include "sparkgate/base/budget.hpp"
#include "sparkgate/config/settings.hpp"
#include "sparkgate/session/kept_texts.hpp"

namespace sparkgate::session {

struct budgets {
    budgets() = default;  // without bounds, for tests
    explicit budgets(const config::settings& s)
        : requests(s.requests_size.value),
          waiting_statements(static_cast<std::size_t>(s.max_waiting_total)),
          waiting_code(s.waiting_total_size.value),
          kept(s.kept_texts_size.value) {}

    budget requests;  // bytes of what sessions and batches were created with
    budget waiting_statements,
        waiting_code;  // that have not ended; code: bytes, also of questions to drivers
    kept_texts kept;
};

}  // namespace sparkgate::session
