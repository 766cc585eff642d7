extension PanelView {
    /// The finished frame of the panel's answers: after its transformations, with the settings of each field. A panel that draws series has
    /// them side by side, joined by time.
    ///
    /// - Parameter isGivenUp: whether nobody wants it any more; the query's limits say so when none is given.
    package func frame(from answers: [TargetAnswer], isGivenUp: (@Sendable () -> Bool)? = nil) -> PanelFrame {
        var limits = limits
        if let isGivenUp { limits.isGivenUp = isGivenUp }
        let made = FrameMaker(asked, answers, limits)
        var table = FrameTable(made.frames, limits)
        table.isGivenUp = made.isGivenUp
        for transformation in transformations { table.apply(transformation) }
        var problems = made.problems
        table.frames = [one(of: &table, &problems)]
        table.numberTwins()
        var configs = FieldConfigs(self, &table)
        configs.apply(to: &table)
        problems += BoardLint.unique(table.problems).map { PanelFrame.Problem(ref: "", message: $0) }
        return PanelFrame(
            frame: table.frames.first ?? Frame(), problems: problems, isTruncated: made.isTruncated || table.isTruncated,
            isGivenUp: table.isGivenUp)
    }

    private func one(of table: inout FrameTable, _ problems: inout [PanelFrame.Problem]) -> Frame {
        guard table.frames.count > 1 else { return table.frames.first ?? Frame() }
        // Series are told by their time; tables that are still several stand for themselves.
        if table.frames.allSatisfy({ $0.fields.count == 2 && $0.time != nil }) {
            table.join(by: nil, isInner: false)
            return table.frames.first ?? Frame()
        }
        guard type != "table" else {
            let wanted = options["frameIndex"]?.integer ?? 0
            problems.append(.init(ref: "", message: "there are \(table.frames.count) tables, of which one is shown"))
            return table.frames.indices.contains(wanted) ? table.frames[wanted] : table.frames[0]
        }
        let length = table.frames.map(\.length).max() ?? 0
        var fields: [FrameField] = []
        for var field in table.frames.flatMap(\.fields) {
            guard (fields.count + 1) * length <= limits.values, fields.count < limits.fields else {
                table.isTruncated = true
                break
            }
            field.values += [FrameValue](repeating: .none, count: length - field.values.count)
            fields.append(field)
        }
        return Frame(fields: fields)
    }
}
