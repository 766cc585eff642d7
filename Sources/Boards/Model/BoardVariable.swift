/// A variable of a board.
package struct BoardVariable: Sendable {
    package enum Kind: String, Sendable { case query, custom, interval, dataSource = "datasource", constant, textBox = "textbox" }

    package var name = ""
    package var label = ""
    package var kind = Kind.constant
    /// What it asks, or lists.
    package var query = ""
    package var regex = ""
    /// Grafana's numbers 0 to 8.
    package var sort = 0
    package var isMulti = false
    package var includesAll = false
    /// What stands for all instead of the options; nil for these.
    package var allValue: String?
    /// Grafana's numbers: 0 shown, 1 without a label, 2 hidden.
    package var hide = 0
    /// What the file has as chosen.
    package var saved: [String] = []
    package var automaticCount: Int?
    package var automaticMinimum = ""
    package var problem: String?

    package init() {}

    package static let all = "$__all"
}
