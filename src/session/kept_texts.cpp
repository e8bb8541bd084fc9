#include "sparkgate/session/kept_texts.hpp"

namespace sparkgate::session {
namespace {

// What a statement costs beside its texts, so that many without any are bounded, too.
constexpr std::size_t statement_bytes = 512;

void drop(shared_text& text, bool& in_store) {
    if (!text) return;
    text.reset();
    in_store = true;
}

void drop_texts(statement& of) {
    drop(of.code, of.code_in_store);
    drop(of.output, of.output_in_store);
}

}  // namespace

void kept_texts::add(const std::shared_ptr<statement>& ended) {
    if (ended->code.size() > largest) drop(ended->code, ended->code_in_store);
    if (ended->output.size() > largest) drop(ended->output, ended->output_in_store);
    const auto bytes = statement_bytes + ended->code.size() + ended->output.size();
    entries_.push_back({ended, bytes});
    held_ += bytes;
    while (held_ > most_ && !entries_.empty())
        drop_oldest();
}

// Statements that are forgotten meanwhile count until it is their turn.
void kept_texts::drop_oldest() {
    if (const auto oldest = entries_.front().whose.lock()) drop_texts(*oldest);
    held_ -= entries_.front().bytes;
    entries_.pop_front();
}

}  // namespace sparkgate::session
