import LLMProbe
import Primitives
import Web

/// A server that may be asked to generate something, as it is known.
struct ProbedServer: Sendable {
    /// As the label `server` has it.
    let name: String
    /// As the label `engine` has it.
    let kind: String
    let address: ServerAddress
    let dialect: ProbeDialect
    /// Which model is to be asked; nil for the first that is loaded.
    let wantedModel: String?
    /// Models that are loaded, as far as the server tells; nil where it does not.
    let loadedModels: [String]?
    /// When Ollama takes the model out of memory, in unix seconds, by model; empty for other kinds.
    let expirations: [String: Double]
    /// Requests that wait for their turn; nil where the server does not tell.
    let waiting: Double?
    let isReady: Bool

    /// Which model is asked; nil for none, as none is loaded.
    var model: String? {
        guard let loadedModels else { return wantedModel ?? "" }
        guard let wantedModel else { return loadedModels.first }
        return loadedModels.contains(wantedModel) ? wantedModel : nil
    }

    var situation: ProbePlan.Situation {
        ProbePlan.Situation(isReady: isReady, isLoaded: model != nil, waitingRequests: waiting)
    }

    /// The question that keeps the model in memory no longer than it would be anyway.
    func question(model: String, maxTokens: Int, unixSeconds: Double) -> ProbeQuestion {
        var question = ProbeQuestion(baseURL: address.url, dialect: dialect, model: model)
        question.maxTokens = maxTokens
        question.authorization = address.authorization
        question.trust = address.trust
        if dialect == .ollama, let expiration = expirations[model] {
            let seconds = expiration - unixSeconds
            // Ollama keeps for ever what has no end, which it shows as a year in the far future.
            question.keepAliveSeconds = seconds > 365 * 86_400 ? -1 : Int(seconds.clamped(to: 0...(365 * 86_400)))
        }
        return question
    }
}
