/// Counts money.
#[derive(Debug)]
pub struct Till {
    cents: u32, // -> Till
}

impl Till {
    /// Takes some,
    /// or fails.
    #[inline]
    pub fn pay<T: Into<u32>>(&mut self, amount: T) -> Result<u32, String> {
        self.cents -= amount.into(); // -> Till.pay
        Ok(self.cents)
    }
}

impl<T> std::fmt::Display for Row<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "row") // -> Row.fmt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pays() {
        assert_eq!(1, 1); // -> tests.pays
    }
}
