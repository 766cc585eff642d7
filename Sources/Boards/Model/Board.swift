package import JSON
package import Primitives

/// A Grafana board as its file has it: classic JSON, schema up to 42.
package struct Board: Sendable {
    package var uid = ""
    package var title = ""
    package var description = ""
    package var tags: [String] = []
    package var schemaVersion = 0
    /// `browser`, `utc`, or a zone's name.
    package var timezone = "browser"
    /// `30s`, or empty.
    package var refresh = ""
    /// The times that the board opens with, as Grafana writes them: `now-6h`.
    package var from = "now-6h"
    package var to = "now"
    /// Whether the file has them; otherwise they are guessed.
    package var hasOwnTimes = false
    /// 0 none, 1 shared crosshair, 2 shared tooltip.
    package var graphTooltip = 0
    package var links: [BoardLink] = []
    package var variables: [BoardVariable] = []
    package var annotations: [BoardAnnotation] = []
    /// In reading order; rows first, then what stands in them.
    package var panels: [BoardPanel] = []
    /// What concerns the board as a whole.
    package var problems: [String] = []

    package init() {}

    /// Reads a board. Panels that the viewer does not have are read too, with their problems.
    ///
    /// Errors: `malformed` for what is no classic board, with words for who wrote it in the newer schema; `limit` for what is too large.
    package static func read(_ root: JSONValue) throws(Failure) -> Board {
        try BoardReader.read(JSONTree(root))
    }

    /// As many panels as a board may have, repeats and all.
    package static let panelLimit = 1_000
    package static let variableLimit = 200
}

/// A link at the head of a board.
package struct BoardLink: Sendable {
    package var title = ""
    package var url = ""
    package var keepTime = false
    package var includeVariables = false
    package var newTab = false
    /// For links that stand for all boards with these tags.
    package var tags: [String]?

    package init() {}
}

/// A query whose results are marks in the charts.
package struct BoardAnnotation: Sendable {
    package var name = ""
    package var expression = ""
    package var color = ""
    package var step = ""
    package var title = ""
    package var text = ""
    package var isEnabled = true

    package init() {}
}

/// Where a panel stands on the grid of 24 columns.
package struct GridPlace: Sendable, Equatable {
    package var x: Int
    package var y: Int
    package var width: Int
    package var height: Int

    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }
}
