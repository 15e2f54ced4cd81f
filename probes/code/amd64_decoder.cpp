// SPDX-License-Identifier: Apache-2.0
// Copyright The gomapd Authors
#include "probes/code/amd64_decoder.h"

namespace gomapd::code {
namespace {

ZydisDecoder make_decoder() {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  return decoder;
}

}  // namespace

std::optional<MachineInstruction> decode_machine_instruction(Bytes bytes) {
  static const ZydisDecoder decoder = make_decoder();
  MachineInstruction machine;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes.data(), bytes.size(), &machine.head,
                                           machine.operands.data())))
    return std::nullopt;
  return machine;
}

Register general_register(ZydisRegister reg) {
  const ZydisRegister full = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
  if (full < ZYDIS_REGISTER_RAX || full > ZYDIS_REGISTER_R15) return Register::kNone;
  return static_cast<Register>(full - ZYDIS_REGISTER_RAX);
}

}  // namespace gomapd::code
