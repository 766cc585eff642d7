import Primitives

/// Judges the patterns that the page matches by its browser's engine, and takes out those that could keep it busy.
struct PagePatterns {
    /// Steps that patterns may still cost, those of transformations too.
    var steps: Int
    private var known: [String: String?] = [:]

    init(steps: Int) { self.steps = steps }

    /// Why the page does not get a pattern; nil when it does.
    mutating func problem(of source: String) -> String? {
        if let known = known[source] { return known }
        let found = BacktrackingCost.problem(ofBoards: source, budget: &steps)
        known[source] = .some(found)
        return found
    }

    /// Takes overrides and mappings out of a panel. Patterns with variables are judged when these are put in.
    mutating func take(from panel: inout BoardPanel) -> [String] {
        var problems: [String] = []
        panel.defaults = kept(panel.defaults, &problems)
        if let chosen = panel.options.at("reduceOptions.fields"), chosen != .text("") {
            var problem: String? = "the panel chooses fields by no text"
            if case .text(let pattern) = chosen { problem = self.problem(of: pattern) }
            if let problem {
                problems.append(problem + "; all fields are taken")
                panel.options = panel.options.setting("reduceOptions.fields", to: .text(""))
            }
        }
        panel.overrides = panel.overrides.compactMap { override in
            var override = override
            if override.matcher == "byRegexp" {
                guard case .text(let pattern) = override.matcherOptions else {
                    problems.append("an override by pattern has none")
                    return nil
                }
                if Template.names(in: pattern).isEmpty, let problem = problem(of: pattern) {
                    problems.append(problem + "; its override is left out")
                    return nil
                }
            }
            override.properties = override.properties.map { property in
                property.id == "mappings" ? (property.id, mappings(property.value, &problems)) : property
            }
            return override
        }
        return problems
    }

    private mutating func kept(_ defaults: JSONTree, _ problems: inout [String]) -> JSONTree {
        guard let mappings = defaults["mappings"] else { return defaults }
        let kept = self.mappings(mappings, &problems)
        return kept == mappings ? defaults : defaults.setting("mappings", to: kept)
    }

    private mutating func mappings(_ tree: JSONTree, _ problems: inout [String]) -> JSONTree {
        guard case .list(let elements) = tree else { return tree }
        return .list(
            elements.filter { mapping in
                guard mapping["type"]?.text == "regex" else { return true }
                guard case .text(let pattern)? = mapping.at("options.pattern") else { return mapping.at("options.pattern") == nil }
                guard let problem = problem(of: pattern) else { return true }
                problems.append(problem + "; its mapping is left out")
                return false
            })
    }
}
