import SystemShim

/// What the C library says of an errno: `No such file or directory`.
package func systemMessage(_ code: Int32) -> String {
    guard let text = mlt_error_text(code) else { return "error \(code)" }
    return String(cString: text)
}
