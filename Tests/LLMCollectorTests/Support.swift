import Metrics

@testable import LLMCollector

/// What a kind makes of an exposition.
struct Reading {
    let picture: ServerPicture
    let problem: PollProblem?

    init(
        _ text: String, _ kind: any ServerKind.Type = VLLM.self, _ format: ExpositionReader.Format = .text, modelLimit: Int = 200
    ) {
        var picture = ServerPicture(models: ModelNames(limit: modelLimit))
        problem = ExpositionMapper.read(Array(text.utf8), format, kind.index, into: &picture)
        picture.settle()
        self.picture = picture
    }

    init(_ picture: ServerPicture, _ problem: PollProblem?) { (self.picture, self.problem) = (picture, problem) }

    private func value(_ family: ServingFamily, _ model: String?, _ labels: [String]) -> ServerPicture.Value? {
        picture.ordered.first { entry in
            entry.series.family == family && entry.series.labels == labels && entry.series.model.map { picture.models.names[$0] } == model
        }?.value
    }

    func number(_ family: ServingFamily, _ model: String? = "m", _ labels: [String] = []) -> Double? {
        if case .number(let number) = value(family, model, labels) { return number }
        return nil
    }

    func distribution(_ family: ServingFamily, _ model: String? = "m") -> Distribution? {
        if case .distribution(let distribution) = value(family, model, []) { return distribution }
        return nil
    }
}
