import Testing

@testable import Web

/// Digests of FIPS 180-4 and RFC 1321, whole and in pieces.
struct ContentDigestTests {
    @Test(arguments: [
        ("md5", "900150983cd24fb0d6963f7d28e17f72"), ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "sha512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ])
    func `known digests`(name: String, hex: String) {
        guard var whole = ContentDigest(name), var pieces = ContentDigest(name) else {
            Issue.record("there is no \(name)")
            return
        }
        whole.add(Array("abc".utf8))
        #expect(whole.hex() == hex)
        for piece in ["a", "", "bc"] { pieces.add(Array(piece.utf8)) }
        #expect(pieces.hex() == hex)
    }

    @Test func `one that there is not`() {
        let isThere = ContentDigest("sha257") != nil
        #expect(!isThere)
    }
}
