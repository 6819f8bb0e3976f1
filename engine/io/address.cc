#include "engine/io/address.h"

namespace engine {

std::string SocketAddress::to_string() const {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string((ipv4 >> shift) & 0xffU);
    text += shift > 0 ? '.' : ':';
  }
  return text + std::to_string(port);
}

}  // namespace engine
