/// Chooses objects by their labels.
package struct LabelSelector: Sendable, Hashable {
    package enum Requirement: Sendable, Hashable {
        case isOneOf(String, Set<String>)
        /// Or has no such label.
        case isNoneOf(String, Set<String>)
        case exists(String)
        case existsNot(String)

        package func matches(_ labels: [String: String]) -> Bool {
            switch self {
            case .isOneOf(let name, let values): labels[name].map(values.contains) ?? false
            case .isNoneOf(let name, let values): labels[name].map { !values.contains($0) } ?? true
            case .exists(let name): labels[name] != nil
            case .existsNot(let name): labels[name] == nil
            }
        }
    }

    /// All of which must hold; none chooses every object.
    package var requirements: [Requirement]

    package init(_ requirements: [Requirement] = []) { self.requirements = requirements }

    package static let everything = LabelSelector()

    package func matches(_ labels: [String: String]) -> Bool { requirements.allSatisfy { $0.matches(labels) } }
}
