#include <gtest/gtest.h>

namespace shop {

// Counts money.
template <typename T>
class Till : public Base {
 public:
  explicit Till(int cents) : cents_(cents) {
    cents_++;  // -> shop.Till.Till
  }
  bool operator==(const Till& other) const {
    return cents_ == other.cents_;  // -> shop.Till.operator==
  }

 private:
  int cents_;  // -> shop.Till
};

// Takes some.
std::vector<int> Row::pay(int cents) const noexcept {
  auto later = [&] { return cents; };
  return {cents};  // -> shop.Row.pay
}

}  // namespace shop

TEST_F(TillTest, Pays) {
  EXPECT_EQ(1, 1);  // -> TillTest.Pays
}

TEST_CASE("rows are kept", "[till]") {
  REQUIRE(true);  // -> rows are kept
}
