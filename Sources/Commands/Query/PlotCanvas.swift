/// A field of characters that lines are drawn on, in shares of its width and height: (0, 0) is the upper left corner.
struct PlotCanvas {
    private struct Cell {
        /// Which of the eight dots are set, as braille numbers them; any bit where letters are drawn.
        var dots: UInt8 = 0
        /// The line that was drawn here last.
        var series = 0
    }

    let columns: Int
    let rowCount: Int
    private let isFine: Bool
    private var cells: [Cell]

    /// An empty field. A fine one has two by four dots a character, another one letter a character.
    init(columns: Int, rows: Int, isFine: Bool) {
        self.columns = columns
        rowCount = rows
        self.isFine = isFine
        cells = Array(repeating: Cell(), count: columns * rows)
    }

    /// The letter of a series.
    static func letter(_ series: Int) -> Character {
        Character(Unicode.Scalar(UInt8(ascii: "a") + UInt8(series % 26)))
    }

    /// Draws a straight line; what lies outside of the field is left out.
    mutating func line(_ series: Int, from start: (x: Double, y: Double), to end: (x: Double, y: Double)) {
        let width = Double(columns * (isFine ? 2 : 1) - 1)
        let height = Double(rowCount * (isFine ? 4 : 1) - 1)
        let (startX, startY) = (start.x * width, start.y * height)
        let (endX, endY) = (end.x * width, end.y * height)
        // No line of a field is longer than its edges together.
        let steps = Int(min(max(abs(endX - startX), abs(endY - startY)).rounded(.up), width + height))
        for step in 0...steps {
            let share = steps == 0 ? 0 : Double(step) / Double(steps)
            set(series, startX + (endX - startX) * share, startY + (endY - startY) * share)
        }
    }

    private mutating func set(_ series: Int, _ x: Double, _ y: Double) {
        let (across, down) = (isFine ? 2 : 1, isFine ? 4 : 1)
        guard let column = Int(exactly: x.rounded()), let row = Int(exactly: y.rounded()), column >= 0, row >= 0,
            column < columns * across, row < rowCount * down
        else { return }
        let place = row / down * columns + column / across
        cells[place].dots |= isFine ? Self.dot(column % 2, row % 4) : 1
        cells[place].series = series
    }

    /// The bit of a dot: braille counts the left column's upper three, then the right column's, then the lowest row.
    private static func dot(_ column: Int, _ row: Int) -> UInt8 {
        row == 3 ? (column == 0 ? 0x40 : 0x80) : 1 << UInt8(row + 3 * column)
    }

    /// The field's rows as texts; `paint` colours a character of a series.
    func rows(_ paint: (_ series: Int, _ glyph: Character) -> String) -> [String] {
        (0..<rowCount).map { row in
            var text = ""
            var blanks = 0
            for cell in cells[row * columns..<(row + 1) * columns] {
                if cell.dots == 0 {
                    blanks += 1
                    continue
                }
                text += String(repeating: " ", count: blanks) + paint(cell.series, glyph(cell))
                blanks = 0
            }
            return text
        }
    }

    private func glyph(_ cell: Cell) -> Character {
        guard isFine, let scalar = Unicode.Scalar(0x2800 + UInt32(cell.dots)) else { return Self.letter(cell.series) }
        return Character(scalar)
    }
}
