/// The bytes with every sequence that is not UTF-8 replaced by U+FFFD, or nil when there is nothing to replace.
package func repairedUTF8(_ bytes: [UInt8]) -> [UInt8]? {
    if String(validating: bytes, as: UTF8.self) != nil { return nil }
    return Array(String(decoding: bytes, as: UTF8.self).utf8)
}
