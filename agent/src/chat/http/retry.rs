//! Patience: which failures may pass, and how long to wait before the next attempt.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::chat::{ChatError, ChatErrorKind};

/// How often, and how patiently, a request is repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retry {
    /// Attempts in all, at least one.
    pub attempts: u32,
    /// The first wait; each further one is twice as long. Half of a wait is left to chance, so that clients that failed
    /// together do not come back together.
    pub first_wait: Duration,
    /// The longest wait. An endpoint that asks for a longer one is not waited for.
    pub longest_wait: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 4, first_wait: Duration::from_millis(500), longest_wait: Duration::from_secs(30) }
    }
}

/// The attempts at one request.
pub(in crate::chat) struct Backoff {
    retry: Retry,
    attempt: u32,
    wait: Duration,
}

impl Backoff {
    pub(in crate::chat) fn new(retry: Retry) -> Self {
        Self { retry, attempt: 1, wait: retry.first_wait }
    }

    /// Waits for the next attempt; the error comes back, saying how often it was tried, if there is none.
    pub(in crate::chat) async fn again(&mut self, mut error: ChatError) -> Result<(), ChatError> {
        let pause = error.retry_after.unwrap_or_else(|| jittered(self.wait));
        if self.attempt >= self.retry.attempts || !may_pass(&error) || pause > self.retry.longest_wait {
            if self.attempt > 1 {
                error.message = format!("{} (after {} attempts)", error.message, self.attempt);
            }
            return Err(error);
        }
        tracing::debug!(%error, ?pause, attempt = self.attempt, "asking the endpoint again");
        tokio::time::sleep(pause).await;
        self.attempt += 1;
        self.wait = (self.wait * 2).min(self.retry.longest_wait);
        Ok(())
    }
}

/// Between half of the wait and the whole.
fn jittered(wait: Duration) -> Duration {
    let mut byte = [u8::MAX];
    // Without chance the wait is the whole.
    let _ = getrandom::fill(&mut byte);
    wait / 2 + (wait / 2).mul_f64(f64::from(byte[0]) / 255.0)
}

/// Whether the same request may pass a little later.
fn may_pass(error: &ChatError) -> bool {
    match error.kind {
        ChatErrorKind::RateLimit => !error.message.contains("insufficient_quota"),
        ChatErrorKind::Server => error.status.is_some_and(|status| status != 501),
        ChatErrorKind::Connection | ChatErrorKind::Timeout => true,
        _ => false,
    }
}

/// What `Retry-After` asks for: seconds, or a date.
pub(in crate::chat) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    // A date that has passed asks for no wait.
    Some(httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;

    #[test]
    fn waits_differ_and_stay_within_bounds() {
        let wait = Duration::from_millis(800);
        let waits: Vec<Duration> = (0..64).map(|_| jittered(wait)).collect();
        assert!(waits.iter().all(|chosen| (wait / 2..=wait).contains(chosen)), "{waits:?}");
        assert!(waits.iter().any(|chosen| *chosen != waits[0]));
    }

    #[test]
    fn seconds_and_dates() {
        let headers = |value: &str| HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
        assert_eq!(retry_after(&headers("0")), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers("1.5")), Some(Duration::from_millis(1500)));
        assert_eq!(retry_after(&headers("Sun, 06 Nov 1994 08:49:37 GMT")), Some(Duration::ZERO));
        assert!(retry_after(&headers("Fri, 06 Nov 2195 08:49:37 GMT")).unwrap() > Duration::from_hours(24));
        assert_eq!((retry_after(&headers("-1")), retry_after(&headers("soon"))), (None, None));
    }

    #[tokio::test]
    async fn only_what_may_pass_is_tried_again() {
        let retry = Retry { attempts: 2, first_wait: Duration::from_millis(1), longest_wait: Duration::from_secs(1) };
        let error = |kind, status| ChatError { status, ..ChatError::new(kind, "e") };
        let once = async |error| Backoff::new(retry).again(error).await.is_ok();
        assert!(once(error(ChatErrorKind::RateLimit, Some(429))).await);
        assert!(once(error(ChatErrorKind::Server, Some(502))).await);
        assert!(once(error(ChatErrorKind::Timeout, None)).await && once(error(ChatErrorKind::Connection, None)).await);
        assert!(!once(error(ChatErrorKind::Server, Some(501))).await);
        assert!(!once(error(ChatErrorKind::Server, None)).await);
        for kind in [ChatErrorKind::BadRequest, ChatErrorKind::Auth, ChatErrorKind::NoTools, ChatErrorKind::BadResponse]
        {
            assert!(!once(error(kind, Some(400))).await);
        }
        let mut late = error(ChatErrorKind::RateLimit, Some(429));
        late.retry_after = Some(Duration::from_secs(2));
        assert!(!once(late).await);
        let mut backoff = Backoff::new(retry);
        backoff.again(error(ChatErrorKind::Timeout, None)).await.unwrap();
        let last = backoff.again(error(ChatErrorKind::Timeout, None)).await.unwrap_err();
        assert_eq!(last.message, "e (after 2 attempts)");
    }
}
