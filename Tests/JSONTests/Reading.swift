import JSON
import Primitives

/// What `body` sees of a document's root.
func reading<Result>(_ text: String, _ body: (JSONValue) throws -> Result) throws -> Result {
    try reading(bytes: Array(text.utf8), body)
}

/// What `body` sees of the root of a document of any bytes.
func reading<Result>(bytes: [UInt8], depth: Int = 64, _ body: (JSONValue) throws -> Result) throws -> Result {
    let document = try JSONDocument(parsing: bytes, depth: depth)
    return try document.withRoot(body)
}

/// The text of the one string that stands in `bytes`, in brackets.
func onlyText(_ bytes: [UInt8]) throws -> String? {
    try reading(bytes: [0x5B] + bytes + [0x5D]) { root in
        var texts: [String] = []
        root.forEachElement { element in if let text = element.text { texts.append(text) } }
        return texts.count == 1 ? texts[0] : nil
    }
}

/// SplitMix64: the same numbers in every run, so that a failure can be seen again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
