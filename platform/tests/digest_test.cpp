#include "platform/digest.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

// RFC 4648, section 10.
TEST(Base64, IsWrittenAndRead) {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : rows) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(bytes_of_base64(text), bytes);
  }
  for (const char* wrong : {"Zg", "Zg=", "Z", "Z*==", "Zm9v Zm9"}) EXPECT_FALSE(bytes_of_base64(wrong)) << wrong;
}

TEST(Hex, IsWrittenAndRead) {
  const std::string bytes("\x00\x0f\xa0\xff", 4);
  EXPECT_EQ(hex(bytes), "000fa0ff");
  EXPECT_EQ(bytes_of_hex("000fa0ff"), bytes);
  EXPECT_EQ(bytes_of_hex("000FA0FF"), bytes);
  for (const char* wrong : {"", "0", "0g", "+1", "00 0"}) EXPECT_FALSE(bytes_of_hex(wrong)) << wrong;
}

// FIPS 180-2 and RFC 4231, test case 2.
TEST(Digest, IsTheStandards) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(SameSecret, Compares) {
  EXPECT_TRUE(same_secret("a", "a"));
  EXPECT_FALSE(same_secret("a", "b"));
  EXPECT_FALSE(same_secret("a", "ab"));
  EXPECT_TRUE(same_secret("", ""));
}

}  // namespace
}  // namespace purser
