#include "sim/base/sha256.h"

#include <openssl/evp.h>

#include <fstream>
#include <memory>
#include <vector>

#include "sim/base/error.h"

namespace spikeloom {

namespace {

std::string hex(const unsigned char* digest, unsigned int length) {
  static const char* const kHex = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    text += kHex[digest[i] >> 4];
    text += kHex[digest[i] & 15];
  }
  return text;
}

}  // namespace

std::string sha256_of(const void* bytes, size_t size) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(bytes, size, digest, &length, EVP_sha256(), nullptr);
  return hex(digest, length);
}

std::string sha256_of(const std::string& text) { return sha256_of(text.data(), text.size()); }

std::string sha256_of_file(const std::string& file) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::ifstream stream(file, std::ios::binary);
  std::vector<char> buffer(1 << 18);
  while (stream.read(buffer.data(), buffer.size()) || stream.gcount() > 0)
    EVP_DigestUpdate(context.get(), buffer.data(), size_t(stream.gcount()));
  if (!stream.eof()) throw UserError(file + ": cannot be read");
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_DigestFinal_ex(context.get(), digest, &length);
  return hex(digest, length);
}

}  // namespace spikeloom
