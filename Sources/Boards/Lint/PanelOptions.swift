/// Which options of a panel and of its fields are known, and which of their values are drawn.
enum PanelOptions {
    /// What is drawn of an option: any value, or some.
    private enum Drawn {
        case any
        case some([String])
        /// The member of an object, and what is drawn of that.
        case member(String, [String])
    }

    static func problem(ofOption name: String, _ value: JSONTree, in type: String) -> String? {
        guard value != .null, let known = options[type] else { return nil }
        return problem("option", name, value, known[name] ?? everywhere[name])
    }

    static func problem(ofCustom name: String, _ value: JSONTree, in type: String) -> String? {
        guard value != .null else { return nil }
        // A path such as `cellOptions.type` is looked up by its head.
        let head = String(name.prefix { $0 != "." })
        guard head == name else { return custom[head] == nil ? "the field setting custom.\(name.prefix(60)) is not supported" : nil }
        return problem("field setting", "custom." + name, value, custom[name])
    }

    private static func problem(_ what: String, _ name: String, _ value: JSONTree, _ drawn: Drawn?) -> String? {
        switch drawn {
        case nil: return "the \(what) \(name.prefix(60)) is not supported"
        case .any?: return nil
        case .some(let values)?:
            guard let text = value.text, !values.contains(text) else { return nil }
            return "the \(what) \(name) is not supported as \(text.prefix(60))"
        case .member(let member, let values)?:
            guard let text = value[member]?.text, !values.contains(text) else { return nil }
            return "the \(what) \(name) is not supported as \(text.prefix(60))"
        }
    }

    private static let everywhere: [String: Drawn] = [
        "legend": .any, "tooltip": .any, "timezone": .any, "timeCompare": .some(["false"]), "annotations": .any,
        "enableInfiniteScrolling": .any,
        "dataLinks": .any, "reduceOptions": .any, "orientation": .some(["auto", "horizontal", "vertical", ""]), "text": .any,
    ]

    private static let options: [String: [String: Drawn]] = [
        "timeseries": [:],
        "stat": [
            "colorMode": .some(["none", "value", "background", "background_solid"]), "graphMode": .some(["none", "area", "line"]),
            "justifyMode": .any, "textMode": .some(["auto", "value", "value_and_name", "name", "none"]), "wideLayout": .any,
            "showPercentChange": .any, "percentChangeColorMode": .any,
        ],
        "gauge": [
            "showThresholdLabels": .any, "showThresholdMarkers": .any, "minVizHeight": .any, "minVizWidth": .any, "sizing": .any,
            "shape": .any, "barWidthFactor": .any, "effects": .any, "endpointMarker": .any, "segmentCount": .any, "segmentSpacing": .any,
            "sparkline": .any, "barShape": .any, "textMode": .any,
        ],
        "bargauge": [
            "displayMode": .some(["basic", "gradient", "lcd"]), "valueMode": .some(["color", "text", "hidden"]), "showUnfilled": .any,
            "namePlacement": .any, "minVizHeight": .any, "minVizWidth": .any, "maxVizHeight": .any, "sizing": .any,
        ],
        "barchart": [
            "xField": .any, "stacking": .some(["none", "normal", "percent"]), "showValue": .any, "barWidth": .any, "groupWidth": .any,
            "barRadius": .any,
            "fullHighlight": .any, "xTickLabelRotation": .any, "xTickLabelMaxLength": .any, "xTickLabelSpacing": .any, "colorByField": .any,
        ],
        "table": [
            "showHeader": .any, "cellHeight": .any, "sortBy": .any, "footer": .any, "frameIndex": .any, "showTypeIcons": .any,
            "frozenColumns": .any, "enablePagination": .any, "disableKeyboardEvents": .any, "maxRowHeight": .any,
        ],
        "state-timeline": [
            "alignValue": .any, "mergeValues": .any, "rowHeight": .any, "showValue": .any, "perPage": .any,
        ],
        "status-history": [
            "colWidth": .any, "perPage": .any, "rowHeight": .any, "showValue": .any,
        ],
        "heatmap": [
            "calculate": .any, "calculation": .any, "cellGap": .any, "cellRadius": .any, "cellValues": .any, "color": .any,
            "exemplars": .any, "filterValues": .any, "rowsFrame": .any, "showValue": .some(["auto", "never"]), "yAxis": .any,
            "selectionMode": .any,
        ],
        "text": ["mode": .some(["markdown", "html", "code"]), "content": .any, "code": .any],
        "logs": [
            "dedupStrategy": .some(["none"]), "enableLogDetails": .any, "prettifyLogMessage": .any, "showCommonLabels": .any,
            "showLabels": .any, "showTime": .any, "sortOrder": .some(["Descending", "Ascending"]), "wrapLogMessage": .any,
            "showLogContextToggle": .any,
            "fontSize": .any, "syntaxHighlighting": .any, "showControls": .any, "detailsMode": .any, "timestampResolution": .any,
            "unwrappedColumns": .any, "infiniteScroll": .any,
        ],
    ]

    /// Settings of fields, of whichever panel: overrides of one type may be left over from another.
    private static let custom: [String: Drawn] = [
        "drawStyle": .some(["line", "bars", "points"]), "lineInterpolation": .some(["linear", "smooth", "stepAfter", "stepBefore"]),
        "lineWidth": .any, "lineStyle": .member("fill", ["solid", "dash", "dot"]), "fillOpacity": .any, "gradientMode": .any,
        "showPoints": .any, "pointSize": .any, "pointShape": .any, "pointStrokeWidth": .any, "spanNulls": .any, "insertNulls": .any,
        "stacking": .member("mode", ["none", "normal", "percent"]), "transform": .some(["negative-Y", "constant"]),
        "axisPlacement": .some(["auto", "left", "right", "hidden"]), "axisLabel": .any, "axisWidth": .any, "axisSoftMin": .any,
        "axisSoftMax": .any, "axisColorMode": .any, "axisGridShow": .any, "axisCenteredZero": .any, "axisBorderShow": .any,
        "scaleDistribution": .member("type", ["linear", "log", "symlog"]), "thresholdsStyle": .any, "hideFrom": .any, "barAlignment": .any,
        "barWidthFactor": .any, "barMaxWidth": .any, "fillBelowTo": .any, "fillColor": .any, "lineColor": .any, "pointColor": .any,
        "showValues": .any,
        // Tables.
        "align": .any, "width": .any, "minWidth": .any, "hidden": .any, "filterable": .any, "inspect": .any, "displayMode": .any,
        "wrapText": .any, "wrapHeaderText": .any, "hideHeader": .any, "footer": .any, "tooltip": .any,
        "cellOptions": .member(
            "type", ["auto", "color-text", "color-background", "gauge", "basic", "json-view"]),
        // Bars in time and heat.
        "axisTicks": .any,
    ]
}
