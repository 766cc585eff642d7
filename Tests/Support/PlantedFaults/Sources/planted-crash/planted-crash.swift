import Glibc

/// Ends at four bytes that nobody hits upon without seeing how far each comparison went.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    guard bytes.count > 3, bytes[0] == UInt8(ascii: "b"), bytes[1] == UInt8(ascii: "u"), bytes[2] == UInt8(ascii: "g"),
        bytes[3] == UInt8(ascii: "!")
    else { return 0 }
    abort()
}
