/// A panel as its file has it.
package struct BoardPanel: Sendable {
    package var id = 0
    package var type = ""
    package var title = ""
    package var description = ""
    package var place = GridPlace(x: 0, y: 0, width: 12, height: 8)
    /// The id of the row it stands in.
    package var row: Int?
    /// Of a row: whether it is closed when the board opens.
    package var isCollapsed = false
    /// The name of the variable for each of whose values it is shown once.
    package var repeats: String?
    package var repeatsDownward = false
    package var repeatsPerRow = 4
    package var targets: [BoardTarget] = []
    package var transformations: [PanelTransformation] = []
    /// The smallest interval, `1m`, and the most points, when the panel says so.
    package var minimumInterval = ""
    package var maximumPoints: Int?
    /// A range of its own, `1h`, and how far back it is shifted.
    package var timeFrom = ""
    package var timeShift = ""
    package var defaults: JSONTree = .object([])
    package var overrides: [FieldOverride] = []
    package var options: JSONTree = .object([])
    package var links: [JSONTree] = []
    package var problems: [String] = []
    /// As many bytes as the page is told of it, about, but for what variables put in.
    var writtenBytes = 0

    package init() {}

    package var isRow: Bool { type == "row" }
}

/// One query of a panel.
package struct BoardTarget: Sendable {
    package enum Source: String, Sendable { case prometheus, loki }
    package enum Format: String, Sendable {
        case timeSeries = "time_series"
        case table
        case heatmap
        case logs
    }

    package var ref = "A"
    package var expression = ""
    package var legend = ""
    package var source = Source.prometheus
    package var format = Format.timeSeries
    package var isInstant = false
    package var isHidden = false
    /// Its own smallest step, `1m`.
    package var minimumStep = ""
    package var stepFactor = 1

    package init() {}
}

/// One step from a panel's answers to its picture.
package struct PanelTransformation: Sendable {
    package var id = ""
    package var options: JSONTree = .object([])
    /// The pattern of the queries that it is meant for; nil for all.
    package var refs: String?

    package init(id: String, options: JSONTree, refs: String? = nil) {
        self.id = id
        self.options = options
        self.refs = refs
    }
}

/// What is different for some fields of a panel.
package struct FieldOverride: Sendable {
    package var matcher = ""
    package var matcherOptions: JSONTree = .null
    package var properties: [(id: String, value: JSONTree)] = []

    package init() {}
}
