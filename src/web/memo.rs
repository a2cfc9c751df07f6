//! Remembers what was made of the newest thing, so that twenty visitors cost as much as one.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;

/// Bytes that were made of a value of `T`, until another value comes.
#[derive(Debug)]
pub(super) struct Memo<T>(Mutex<Option<(Arc<T>, Bytes)>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Memo<T> {
    /// The bytes of this very value, made now if they are not known. A failure is not remembered.
    pub(super) fn get<E>(
        &self,
        of: &Arc<T>,
        make: impl FnOnce(&T) -> Result<Vec<u8>, E>,
    ) -> Result<Bytes, E> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((value, bytes)) = &*known
            && Arc::ptr_eq(value, of)
        {
            return Ok(bytes.clone());
        }
        let bytes = Bytes::from(make(of)?);
        *known = Some((Arc::clone(of), bytes.clone()));
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_made_once_of_one_value_even_if_another_one_is_equal() {
        let (memo, one, equal) = (Memo::default(), Arc::new(1), Arc::new(1));
        let get = |of, text: &str| memo.get(of, |_| Ok::<_, ()>(text.into())).unwrap();
        assert_eq!(get(&one, "first"), "first");
        assert_eq!(get(&one, "again"), "first");
        assert_eq!(get(&equal, "other"), "other");
        assert_eq!(get(&one, "later"), "later");
        assert_eq!(memo.get(&equal, |_| Err("failed")), Err("failed"));
        assert_eq!(get(&one, "kept"), "later");
    }
}
