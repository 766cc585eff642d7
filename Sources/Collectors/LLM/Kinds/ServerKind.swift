import LLMProbe
import Metrics
import Web

/// A kind of server: how it is known, what it writes, what it is asked. One folder of `Kinds`, and one line in `ServerKinds.all`.
protocol ServerKind: Sendable {
    /// As settings and the label `engine` have it.
    static var name: String { get }
    /// As people write it.
    static var title: String { get }
    /// Where it listens if nobody says otherwise.
    static var standardPort: Int { get }
    /// Where its exposition is, when that is another port.
    static var metricsPort: Int? { get }
    /// Images that hold it: the repository, with or without the registry before it.
    static var images: [String] { get }
    /// By what answers it is known.
    static var signs: [Sign] { get }
    /// What it writes.
    static var table: NativeTable { get }
    /// The same, for reading. Stored, as making it takes longer than reading with it.
    static var index: NameIndex { get }
    /// What questions beside the exposition tell.
    static var told: [Told] { get }
    /// How it is asked to generate something; nil where it cannot be.
    static var dialect: ProbeDialect? { get }
    /// What it is asked, for the page of servers.
    static var asked: [String] { get }
    /// Sentences about it for the page of servers.
    static var remarks: [String] { get }

    /// Asks a server once.
    static func ask(_ questions: Questions, into picture: inout ServerPicture) async
}

/// An answer that only one kind of server gives.
struct Sign: Sendable {
    /// What is asked, with GET. It must cost no server anything: none generates, loads or calls another.
    let path: String
    let isSeen: @Sendable (HTTPResponse) -> Bool
    /// Where others answer so too: signs of which one must be seen beside this.
    let confirmations: [Sign]

    init(_ path: String, confirmedBy confirmations: [Sign] = [], _ isSeen: @escaping @Sendable (HTTPResponse) -> Bool) {
        (self.path, self.confirmations, self.isSeen) = (path, confirmations, isSeen)
    }
}

/// A family that a question tells.
struct Told: Sendable {
    let family: ServingFamily
    /// The path, and the field in its answer.
    let question: String
    /// Whether the number is made of others.
    let isDerived: Bool

    init(_ family: ServingFamily, _ question: String, isDerived: Bool = false) {
        (self.family, self.question, self.isDerived) = (family, question, isDerived)
    }
}

extension ServerKind {
    static var remarks: [String] { [] }
    static var dialect: ProbeDialect? { .chat }
    static var metricsPort: Int? { nil }
}

/// The kinds that there are, in the order in which a server of unknown kind is compared with them.
enum ServerKinds {
    static let all: [any ServerKind.Type] = [
        VLLM.self,
        SGLang.self,
        TGI.self,
        LlamaCpp.self,
        Ollama.self,
        Triton.self,
        LiteLLM.self,
    ]

    static func kind(named name: String) -> (any ServerKind.Type)? { all.first { $0.name == name } }
}
