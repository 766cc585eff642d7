import Glibc

/// Gives memory back that the library allocated for us.
func release(_ memory: UnsafeMutableRawPointer?) { free(memory) }
