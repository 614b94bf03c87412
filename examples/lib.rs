//! One runnable program per chapter.
