//! Against a server that does what a test says.
