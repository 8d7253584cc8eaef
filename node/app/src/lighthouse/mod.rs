//! What people see of Lighthouse.

pub mod trends;
