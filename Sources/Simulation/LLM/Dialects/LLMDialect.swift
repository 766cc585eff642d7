import JSON
import Primitives
import Web

/// How servers of one kind speak: which edges their histograms have, what they say where, and how they answer.
protocol LLMDialect: Sendable {
    /// Empty for what they keep no histogram of.
    func edges(of measure: EngineBook.Measure, _ model: ServedModel) -> [Double]

    /// An answer; nil where the server has nothing.
    func answer(_ request: HTTPServerRequest, of server: LLMServer) async -> HTTPServerResponse?

    /// What is said where there is nothing, and of what is wrong with a request.
    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse

    /// Where there would be metrics on another port; nil for those without one.
    var metricsPath: String { get }
}

extension LLMDialect {
    var metricsPath: String { "/metrics" }

    func refusal(_ status: Int, _ message: String) -> HTTPServerResponse {
        var json = JSONWriter()
        json.object { $0.member("detail", message) }
        return HTTPServerResponse(status: status, json: json.bytes)
    }
}

extension LLMKind {
    func dialect(_ age: LLMVersion) -> any LLMDialect {
        switch self {
        case .vllm: VLLMDialect(age: age)
        case .sglang: SGLangDialect(age: age)
        case .tgi: TGIDialect(age: age)
        case .llamacpp: LlamaDialect(age: age)
        case .ollama: OllamaDialect(age: age)
        case .triton: TritonDialect(age: age)
        case .litellm: LiteLLMDialect(age: age)
        }
    }
}

/// Edges that several kinds share.
enum Edges {
    /// 1, 2, 5, 10, 20, 50 … up to a bound.
    static func steps(to bound: Double) -> [Double] {
        var edges: [Double] = []
        var power = 1.0
        while power <= bound {
            for step in [1, 2, 5.0] where step * power <= bound { edges.append(step * power) }
            power *= 10
        }
        return edges
    }

    /// Each a multiple of the one before.
    static func geometric(from first: Double, factor: Double, count: Int) -> [Double] {
        var edges: [Double] = []
        var edge = first
        for _ in 0..<count {
            edges.append(edge)
            edge *= factor
        }
        return edges
    }

    /// So many equal steps.
    static func linear(to last: Double, count: Int) -> [Double] { (1...count).map { (last * Double($0) / Double(count)).rounded() } }
}

extension HTTPServerResponse {
    /// An exposition as a Python program or another serves it.
    static func exposition(_ text: NativeExposition, for request: HTTPServerRequest) -> HTTPServerResponse {
        let type = "text/plain; version=0.0.4; charset=utf-8"
        return HTTPServerResponse(status: 200, headers: HTTPHeaders([("Content-Type", type)]), body: .bytes(text.bytes)).gzipped(
            for: request)
    }

    static func object(status: Int = 200, _ members: (inout JSONWriter) -> Void) -> HTTPServerResponse {
        var json = JSONWriter()
        json.object(members)
        return HTTPServerResponse(status: status, json: json.bytes)
    }
}
