//! Why a text is not an address.

use std::borrow::Cow;

/// What is wrong with an address, as a clause.
pub(super) type Reason = Cow<'static, str>;
