using System;

namespace Shop.Money
{
    /// <summary>Counts money.</summary>
    public class Till<T> where T : class
    {
        public int Cents
        {
            get { return 1; } // -> Shop.Money.Till.Cents
        }

        public Till(int cents) : base(cents)
        {
            Console.WriteLine(cents); // -> Shop.Money.Till.Till
        }

        [Fact]
        public async Task<int> Pays(int cents)
        {
            int Inner(int c)
            {
                return c; // -> Shop.Money.Till.Pays.Inner
            }
            return Inner(cents); // -> Shop.Money.Till.Pays
        }
    }
}
