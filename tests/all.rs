//! Behaviour tests, one module per concept.
