/// A model that a server serves, as far as its name tells.
struct ServedModel: Sendable, Equatable {
    /// As requests name it.
    let name: String
    /// Of parameters.
    let billions: Double
    let contextTokens: Int
    /// Bytes of its weights.
    let bytes: Int
    /// As Ollama and llama.cpp name it.
    let family: String
    let quantization: String

    /// - Parameter isQuantized: whether the server has its weights in 4 bits.
    init(_ name: String, isQuantized: Bool = false, contextTokens: Int? = nil) {
        self.name = name
        billions = Self.billions(in: name) ?? 8
        self.contextTokens = contextTokens ?? (isQuantized ? 8_192 : 32_768)
        quantization = isQuantized ? "Q4_K_M" : "BF16"
        bytes = Int(billions * (isQuantized ? 0.6e9 : 2e9))
        let lower = name.lowercased()
        family =
            ["llama", "qwen2", "qwen3", "gemma3", "mistral", "phi3", "smollm3"].first(where: lower.contains)
            ?? (lower.contains("qwen") ? "qwen2" : "llama")
    }

    /// As Ollama writes it.
    var sizeText: String { billions == billions.rounded() ? "\(Int(billions))B" : "\(billions)B" }

    /// The number before the last B of a name: 70 of Llama-3.3-70B-Instruct, 0.5 of qwen2.5:0.5b.
    private static func billions(in name: String) -> Double? {
        var found: Double?
        var digits = ""
        for byte in name.utf8 {
            switch byte {
            case 0x30...0x39, 0x2E: digits.append(Character(Unicode.Scalar(byte)))
            case UInt8(ascii: "b"), UInt8(ascii: "B"):
                if let number = Double(digits), number > 0, number < 10_000 { found = number }
                digits = ""
            default: digits = ""
            }
        }
        return found
    }
}
