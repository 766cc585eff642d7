import ObjectStore

/// In what form somebody wants his answer, by the `Accept` field.
enum AnswerForm: Sendable, Equatable {
    case json
    case yaml
    /// A table of meta.k8s.io/v1, for a person.
    case table

    /// The first that is known; JSON when nothing is said.
    init(accept: String?) throws(StoreError) {
        guard let accept, !accept.isEmpty else {
            self = .json
            return
        }
        for choice in accept.split(separator: ",", omittingEmptySubsequences: true) {
            let parts = choice.split(separator: ";").map { $0.trimmed.lowercased() }
            let options = parts.dropFirst()
            switch parts.first {
            case "application/json"?, "application/*"?, "*/*"?:
                if options.contains("as=table"), options.contains("g=meta.k8s.io"), options.contains("v=v1") {
                    self = .table
                    return
                }
                if options.contains(where: { $0.hasPrefix("as=") }) { continue }
                self = .json
                return
            case "application/yaml"?:
                self = .yaml
                return
            default: continue
            }
        }
        throw StoreError(.notAcceptable, "only application/json, application/yaml and tables of meta.k8s.io/v1 can be had here")
    }
}

extension Substring {
    var trimmed: Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text = text.dropFirst() }
        while text.last == " " || text.last == "\t" { text = text.dropLast() }
        return text
    }
}
