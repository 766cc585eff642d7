import Testing

@testable import Primitives

@Suite struct SHA256Tests {
    /// Of `sha256sum`.
    private static let sums: [(text: String, hex: String)] = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (String(repeating: "a", count: 55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
        (String(repeating: "a", count: 56), "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
        (String(repeating: "a", count: 64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
        (String(repeating: "a", count: 1000), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
    ]

    @Test(arguments: sums)
    func `it agrees with sha256sum, whole and in pieces`(text: String, hex: String) {
        #expect(SHA256.hex(text.utf8) == hex)
        var hash = SHA256()
        for byte in text.utf8 { hash.add([byte]) }
        #expect(hash.hex() == hex)
    }
}
