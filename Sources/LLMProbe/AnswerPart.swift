import JSON
import Primitives

/// What one message of a stream says.
struct AnswerPart: Equatable {
    /// Whether it brings text of the answer, also of the thinking before it.
    var hasText = false
    var promptTokens: Int?
    /// All that were generated, as the server counts them.
    var generatedTokens: Int?
    /// The server says that it cannot go on.
    var isError = false
    /// The last one: nothing comes after it.
    var isEnd = false

    /// Of a line of server-sent events; nil for one that says nothing, such as a comment.
    ///
    /// Errors: it is no JSON object.
    init?(eventLine line: [UInt8]) throws(Failure) {
        let prefix = Array("data:".utf8)
        guard line.starts(with: prefix) else { return nil }
        var data = line[prefix.count...]
        while data.first == UInt8(ascii: " ") { data.removeFirst() }
        while data.last == UInt8(ascii: "\r") || data.last == UInt8(ascii: " ") { data.removeLast() }
        if data.isEmpty { return nil }
        if data.elementsEqual("[DONE]".utf8) {
            isEnd = true
            return
        }
        let isObject = try JSONDocument(parsing: Array(data), depth: 32).withRoot { root in
            guard root.isObject else { return false }
            isError = root["error"].map { !$0.isNull } ?? false
            root["choices"]?.forEachElement { choice in
                hasText = hasText || Self.hasText(choice["delta"]) || Self.isText(choice["text"])
            }
            promptTokens = root["usage"]?["prompt_tokens"]?.integer
            // llama.cpp counts in its own words where it was not asked for usage.
            generatedTokens = root["usage"]?["completion_tokens"]?.integer ?? root["timings"]?["predicted_n"]?.integer
            return true
        }
        guard isObject else { throw Failure(.malformed, "a message of the stream is no object") }
    }

    /// Of a line of Ollama's.
    ///
    /// Errors: it is no JSON object.
    init(ollamaLine line: [UInt8]) throws(Failure) {
        let isObject = try JSONDocument(parsing: line, depth: 32).withRoot { root in
            guard root.isObject else { return false }
            isError = root["error"].map { !$0.isNull } ?? false
            hasText = Self.hasText(root["message"])
            isEnd = root["done"]?.flag == true
            promptTokens = root["prompt_eval_count"]?.integer
            generatedTokens = root["eval_count"]?.integer
            return true
        }
        guard isObject else { throw Failure(.malformed, "a line of the stream is no object") }
    }

    /// Servers have three names for what a model thinks before it answers.
    private static func hasText(_ message: JSONValue?) -> Bool {
        guard let message else { return false }
        return isText(message["content"]) || isText(message["reasoning_content"]) || isText(message["reasoning"])
            || isText(message["thinking"])
    }

    private static func isText(_ value: JSONValue?) -> Bool { value.map { $0.isString && $0.text?.isEmpty == false } ?? false }
}
