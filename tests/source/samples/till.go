package till

import "testing"

// Till counts money.
type Till struct {
	cents int // -> Till
}

// Pay takes some.
func (t *Till) Pay(cents int) (int, error) {
	t.cents -= cents // -> Till.Pay
	return t.cents, nil
}

func Map[T any](rows []T) []T {
	return rows // -> Map
}

func TestPay(t *testing.T) {
	for _, name := range []string{"a"} {
		_ = name // -> TestPay
	}
	t.Run("nothing left", func(t *testing.T) {
		t.Fatal("no") // -> TestPay.nothing left
	})
}
