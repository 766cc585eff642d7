package import Primitives
import Settings

/// Which collectors an exporter has: what its settings say goes first, then its role, then what there is.
package struct CollectorChoice: Sendable {
    /// Those that are on, in the order of the list.
    package private(set) var collectors: [any Collector] = []
    /// Of all, on or not.
    package private(set) var pages: [ExporterContents.Page] = []
    /// Whether one of them was asked for, or is reason enough by itself.
    package private(set) var isReasonToServe = false

    /// Errors: a section of the settings cannot be used.
    package init(_ list: [any CollectorDefinition.Type], _ surroundings: CollectorSurroundings) throws(Failure) {
        var surroundings = surroundings
        surroundings.containerLabels = list.flatMap { $0.containerLabels }
        var definitions: [any CollectorDefinition] = []
        for type in list { definitions.append(try type.init(surroundings)) }
        var names: Set<String> = []
        for definition in definitions {
            let name = type(of: definition).name
            let word = surroundings.settings[name]["enabled"].text
            guard word == "true" || word != "false" && definition.isWanted(by: surroundings.role, beside: names) else { continue }
            names.insert(name)
            if word == "true" || definition.isReasonToServe { isReasonToServe = true }
        }
        for definition in definitions {
            let installation = try definition.install()
            if names.contains(type(of: definition).name) { collectors.append(installation.collector) }
            pages += installation.pages
        }
    }
}
