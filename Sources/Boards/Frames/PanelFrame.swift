/// A value of a frame.
package enum FrameValue: Sendable, Equatable {
    case none
    case text(String)
    case number(Double)
    /// Milliseconds since 1970.
    case time(Double)
}

/// A column of a frame.
package struct FrameField: Sendable {
    package enum Kind: String, Sendable { case string, number, time }

    package var name: String
    package var kind: Kind
    package var labels: [SeriesAnswer.Label] = []
    package var values: [FrameValue]
    /// What it is called instead of its name: a legend, or what a transformation has given.
    package var displayName: String?
    /// Which it is, from 1, of the columns of its frame that have its name; nil of the only one.
    var twin: Int?
    /// The query that it comes from.
    package var ref: String?
    /// The panel's defaults with its overrides, once the frame is finished.
    package var config: JSONTree = .object([])
    /// Whether there were too many of them.
    var hasSettingsLeftOut = false

    package init(name: String, kind: Kind, values: [FrameValue]) {
        self.name = name
        self.kind = kind
        self.values = values
    }

    /// What people see, and what overrides and transformations call it.
    package var title: String { displayName ?? twin.map { "\(name) \($0)" } ?? name }
}

/// Columns of the same length.
package struct Frame: Sendable {
    package var name = ""
    package var ref: String?
    package var fields: [FrameField] = []

    package init(fields: [FrameField] = [], ref: String? = nil, name: String = "") {
        (self.fields, self.ref, self.name) = (fields, ref, name)
    }

    package var length: Int { fields.first?.values.count ?? 0 }

    /// Numbers the columns of one name, as boards call them then: `Time 1`, `Time 2`.
    mutating func numberTwins() {
        let twins = Dictionary(grouping: fields.indices.filter { fields[$0].displayName == nil }) { fields[$0].name }
        for places in twins.values {
            for (index, place) in places.enumerated() { fields[place].twin = places.count > 1 ? index + 1 : nil }
        }
    }
}

/// A panel's answers after all transformations: one table.
package struct PanelFrame: Sendable {
    package struct Problem: Sendable {
        package let ref: String
        package let message: String
    }

    package var frame: Frame
    package var problems: [Problem]
    package var isTruncated: Bool
    /// Whether its making was given up; then something lacks.
    package var isGivenUp: Bool

    package init(frame: Frame, problems: [Problem], isTruncated: Bool, isGivenUp: Bool = false) {
        (self.frame, self.problems, self.isTruncated, self.isGivenUp) = (frame, problems, isTruncated, isGivenUp)
    }

    /// As many bytes as it holds, about.
    package var heldBytes: Int {
        var sum = 64 << 10
        for field in fields {
            sum += field.values.count * MemoryLayout<FrameValue>.stride + 1_024
            for case .text(let text) in field.values { sum += text.utf8.count }
        }
        return sum
    }

    package var fields: [FrameField] { frame.fields }
    package var length: Int { frame.length }
}
