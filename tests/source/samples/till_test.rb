# The shop.
module Shop
  # Counts money.
  class Till < Base
    # Takes some.
    def pay(cents)
      @cents -= cents # -> Shop.Till.pay
    end

    def self.open
      new # -> Shop.Till.open
    end

    def empty?
      @cents.zero? # -> Shop.Till.empty?
    end
  end
end

RSpec.describe Shop::Till do
  let(:till) { described_class.new } # -> Shop::Till
  context "when open" do
    it "pays" do
      expect(till.pay(3)).to eq(4) # -> Shop::Till.when open.pays
    end
  end
end
