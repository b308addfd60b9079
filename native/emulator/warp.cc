// Warp operations: lanes meet by their mask, exchange, and go on together.
#include <cstring>

#include "race.h"
#include "report.h"
#include "scheduler.h"

namespace topkit_emulator {

namespace {

template <class Combine> std::uint64_t fold(const Warp& warp, std::uint32_t lanes, std::uint64_t start, Combine combine) {
  std::uint64_t result = start;
  for (; lanes; lanes &= lanes - 1) result = combine(result, warp.lanes[static_cast<std::size_t>(__builtin_ctz(lanes))]->value);
  return result;
}

std::uint32_t equal_lanes(const Warp& warp, std::uint32_t lanes, std::uint64_t value) {
  std::uint32_t equal = 0;
  for (; lanes; lanes &= lanes - 1) {
    const auto lane = static_cast<std::uint32_t>(__builtin_ctz(lanes));
    if (warp.lanes[lane]->value == value) equal |= 1u << lane;
  }
  return equal;
}

std::uint32_t true_lanes(const Warp& warp, std::uint32_t lanes) { return lanes & ~equal_lanes(warp, lanes, 0); }

// What a lane reads from one that takes no part: undefined on the GPU, so nothing that could pass for an answer.
constexpr std::uint64_t UNDEFINED = 0xebadebadebadebadu;

void give_results(Warp& warp, const Meeting& meeting) {
  const std::uint32_t lanes = meeting.arrived;
  std::uint64_t common = 0;
  const auto value = [](std::uint64_t a) { return static_cast<std::uint32_t>(a); };
  const auto sign = [](std::uint64_t a) { return static_cast<std::int64_t>(a); };
  switch (meeting.operation) {
    case WarpOperation::sync: break;
    case WarpOperation::shuffle:
    case WarpOperation::matchAny:
      for (std::uint32_t rest = lanes; rest; rest &= rest - 1) {
        Fiber& fiber = *warp.lanes[static_cast<std::size_t>(__builtin_ctz(rest))];
        if (meeting.operation == WarpOperation::matchAny) fiber.result = equal_lanes(warp, lanes, fiber.value);
        else fiber.result = lanes >> fiber.source & 1 ? warp.lanes[fiber.source]->value : UNDEFINED;
      }
      return;
    case WarpOperation::ballot: common = true_lanes(warp, lanes); break;
    case WarpOperation::all: common = true_lanes(warp, lanes) == lanes; break;
    case WarpOperation::any: common = true_lanes(warp, lanes) != 0; break;
    case WarpOperation::matchAll: {
      const std::uint64_t first = warp.lanes[static_cast<std::size_t>(__builtin_ctz(lanes))]->value;
      common = equal_lanes(warp, lanes, first) == lanes ? lanes : 0;
      break;
    }
    case WarpOperation::addUnsigned: common = value(fold(warp, lanes, 0, [](auto a, auto b) { return a + b; })); break;
    case WarpOperation::minUnsigned: common = fold(warp, lanes, ~0ull, [](auto a, auto b) { return a < b ? a : b; }); break;
    case WarpOperation::maxUnsigned: common = fold(warp, lanes, 0, [](auto a, auto b) { return a > b ? a : b; }); break;
    case WarpOperation::minSigned: common = fold(warp, lanes, INT64_MAX, [&](auto a, auto b) { return sign(a) < sign(b) ? a : b; }); break;
    case WarpOperation::maxSigned:
      common = fold(warp, lanes, static_cast<std::uint64_t>(INT64_MIN), [&](auto a, auto b) { return sign(a) > sign(b) ? a : b; });
      break;
    case WarpOperation::bitAnd: common = fold(warp, lanes, ~0ull, [](auto a, auto b) { return a & b; }); break;
    case WarpOperation::bitOr: common = fold(warp, lanes, 0, [](auto a, auto b) { return a | b; }); break;
    case WarpOperation::bitXor: common = fold(warp, lanes, 0, [](auto a, auto b) { return a ^ b; }); break;
  }
  for (std::uint32_t rest = lanes; rest; rest &= rest - 1) warp.lanes[static_cast<std::size_t>(__builtin_ctz(rest))]->result = common;
}

// Everybody named in the mask who lives is there.
bool complete(Warp& warp, std::uint32_t which, const Fiber* last) {
  const Meeting meeting = warp.meetings[which];
  if (meeting.arrived != (meeting.mask & warp.alive) || meeting.arrived == 0) return false;
  give_results(warp, meeting);
  warp.meetings[which] = warp.meetings[--warp.meetingCount];
  for (std::uint32_t rest = meeting.arrived; rest; rest &= rest - 1) {
    Fiber* fiber = warp.lanes[static_cast<std::size_t>(__builtin_ctz(rest))];
    if (fiber != last) worker->wake(*fiber);
  }
  return true;
}

std::string lanes_at(const Meeting& meeting) {
  return text("lanes %08x are in %s with mask %08x at %s", meeting.arrived, meeting.name, meeting.mask, describe(meeting.place).c_str());
}

}  // namespace

void warp_lane_ended(Warp& warp) {
  for (std::uint32_t i = warp.meetingCount; i-- > 0;) complete(warp, i, nullptr);
}

}  // namespace topkit_emulator

using namespace topkit_emulator;

unsigned long long topkit_emu_warp(WarpOperation operation, unsigned mask, unsigned long long value, unsigned source, const char* name, Place place) {
  const race::Unseen unseen;
  Fiber& fiber = *current;
  Worker& own = *worker;
  Warp& warp = *fiber.warp;
  const std::uint32_t bit = 1u << fiber.lane;
  if (!(mask & bit)) own.fail(fiber, text("%s at %s: the mask %08x does not name the lane that calls it", name, describe(place).c_str(), mask));
  own.perhaps_yield(fiber);

  std::uint32_t which = 0;
  while (which < warp.meetingCount && warp.meetings[which].mask != mask) ++which;
  if (which == warp.meetingCount) {
    void* const order = warp.block->arena.order(WARP_ORDERS + fiber.thread / 32 * ORDERS_A_WARP + warp.syncs++ % ORDERS_A_WARP);
    warp.meetings[warp.meetingCount++] = {mask, 0, operation, name, place, order};
  }
  Meeting& meeting = warp.meetings[which];
  // Lanes that wait for each other in two places can never meet. __syncwarp may be called from several places.
  const bool sync = operation == WarpOperation::sync && meeting.operation == operation;
  if (!sync && (meeting.operation != operation || meeting.place.line != place.line || std::strcmp(meeting.name, name) != 0)) {
    own.fail(fiber, text("divergence in a warp: this lane is in %s at %s, %s", name, describe(place).c_str(), lanes_at(meeting).c_str()));
  }
  meeting.arrived |= bit;
  for (std::uint32_t i = 0; i < warp.meetingCount; ++i) {
    const Meeting& other = warp.meetings[i];
    if (i != which && (other.arrived & mask) && (meeting.arrived & other.mask)) {
      own.fail(fiber, text("mask mismatch: this lane is in %s with mask %08x at %s, %s", name, mask, describe(place).c_str(), lanes_at(other).c_str()));
    }
  }
  void* const order = meeting.order;
  if (operation == WarpOperation::sync) race::release(order);
  fiber.value = value;
  fiber.source = source;
  if (complete(warp, which, &fiber)) own.perhaps_yield(fiber);
  else own.wait(fiber, State::atWarp, name, place, mask);
  if (operation == WarpOperation::sync) race::acquire(order);
  return fiber.result;
}
