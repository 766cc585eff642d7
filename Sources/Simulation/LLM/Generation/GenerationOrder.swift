import JSON
import Primitives

/// What a client wants to have written, whichever API it speaks.
struct GenerationOrder: Sendable {
    /// What was wrong with it; answered with 400.
    struct Refusal: Error { let message: String }

    var model: String?
    /// Tokens.
    var prompt = 1
    /// At most so many; nil where the client says nothing.
    var limit: Int?
    /// Goes on until the limit.
    var ignoresEnd = false
    var isStream = false
    var includesUsage = false
    /// There is nothing to answer.
    var isEmpty = false
    /// Ollama: the model shall leave the memory.
    var unloads = false
    /// What the answer is made from.
    var seed: UInt64 = 1

    /// More is refused.
    static let mostTokens = 100_000
    /// About what a tokenizer makes of English.
    private static let bytesPerToken = 4

    /// How many tokens it gets when nothing limits it.
    func wishes(of shape: EngineShape) -> Int {
        if ignoresEnd { return Self.mostTokens + 1 }
        var generator = SeededGenerator(seed: seed, "answer")
        return Int(generator.logUniform(shape.meanAnswer / 4, shape.meanAnswer * 2))
    }

    /// Reads the body of a request of OpenAI's API, of Ollama's or of another: names are looked for in all of them.
    ///
    /// - Parameter streamsByDefault: as Ollama does.
    init(_ body: [UInt8], streamsByDefault: Bool = false) throws(Refusal) {
        self.init()
        isStream = streamsByDefault
        let document: JSONDocument
        do { document = try JSONDocument(parsing: body) } catch { throw Refusal(message: "The body is no JSON: \(error.message)") }
        let result: Result<GenerationOrder, Refusal> = document.withRoot { root in
            guard root.isObject else { return .failure(Refusal(message: "The body is no object.")) }
            var order = self
            do throws(Refusal) { try order.read(root) } catch { return .failure(error) }
            return .success(order)
        }
        self = try result.get()
    }

    private init() {}

    /// Of nobody's words.
    static var probe: GenerationOrder { GenerationOrder() }

    private mutating func read(_ root: JSONValue) throws(Refusal) {
        model = root["model"]?.text
        if let stream = root["stream"]?.flag { isStream = stream }
        unloads = root["keep_alive"]?.number == 0
        includesUsage = root["stream_options"]?["include_usage"]?.flag ?? false
        ignoresEnd = root["ignore_eos"]?.flag ?? false
        if let count = root["n"]?.integer, count != 1 { throw Refusal(message: "n: one answer is simulated, not \(count).") }
        let parameters = root["parameters"]
        let options = root["options"]
        let wanted =
            root["max_completion_tokens"] ?? root["max_tokens"] ?? root["n_predict"] ?? options?["num_predict"]
            ?? parameters?["max_new_tokens"]
        if let number = wanted, !number.isNull {
            guard let count = number.integer, count >= -2, count <= Self.mostTokens, count != 0 else {
                throw Refusal(message: "max_tokens must be a whole number from 1 to \(Self.mostTokens).")
            }
            limit = count > 0 ? count : nil
        }
        var texts: [[UInt8]] = []
        if let messages = root["messages"] {
            guard messages.isArray else { throw Refusal(message: "messages: a list is expected.") }
            messages.forEachElement { message in
                if let content = message["content"] { Self.collect(content, &texts) }
            }
        }
        for text in [root["prompt"], root["inputs"], root["text_input"], root["text"], root["input"], root["system"]].compactMap({ $0 }) {
            Self.collect(text, &texts)
        }
        isEmpty = texts.isEmpty
        prompt = texts.reduce(0) { $0 + $1.count / Self.bytesPerToken + 3 }
        prompt = max(1, prompt)
        seed = texts.reduce(14_695_981_039_346_656_037) { hash, text in text.reduce(hash) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 } }
    }

    /// Text, a list of texts or of parts, or a list of token numbers.
    private static func collect(_ value: JSONValue, _ texts: inout [[UInt8]]) {
        if value.isString {
            texts.append(Array((value.text ?? "").utf8))
        } else if value.isArray {
            var numbers = 0
            value.forEachElement { element in
                if element.isString {
                    texts.append(Array((element.text ?? "").utf8))
                } else if let part = element["text"], part.isString {
                    texts.append(Array((part.text ?? "").utf8))
                } else if element.number != nil {
                    numbers += 1
                }
            }
            if numbers > 0 { texts.append([UInt8](repeating: 0x20, count: numbers * bytesPerToken)) }
        }
    }
}
