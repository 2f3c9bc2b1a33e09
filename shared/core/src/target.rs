//! Whom a check may ask.
//!
//! A pipeline's author chooses the URL of a check, and the deployer's function sends the request
//! from inside a network, with credentials of its own not far away. So a URL is taken apart once,
//! strictly, and the addresses that its host resolves to are judged before one of them is
//! connected to, and no other is.

mod address;
mod url;

pub use address::{AddressPolicy, Denied, InvalidNetwork};
pub use url::{CheckUrl, Host, InvalidUrl, Scheme};
