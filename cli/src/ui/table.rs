//! Columns.

use super::{Terminal, Text};

/// Rows of cells, printed in columns as wide as they need to be.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<Text>>,
    /// The columns that are aligned at their right, such as sizes.
    right: Vec<usize>,
}

impl Table {
    /// No rows yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Aligns a column, counted from 0, at its right.
    pub(crate) fn right(mut self, column: usize) -> Self {
        self.right.push(column);
        self
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Text>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Prints the rows to stdout.
    pub(crate) fn print(&self, terminal: &Terminal) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(Text::width).max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in &self.rows {
            // Nothing is padded that nothing follows, so no line ends in blanks.
            let length = row.iter().rposition(|cell| cell.width() > 0).map_or(0, |last| last + 1);
            let mut line = Text::new();
            for (column, cell) in row.iter().take(length).enumerate() {
                let pad = widths.get(column).map_or(0, |width| width.saturating_sub(cell.width()));
                let right = self.right.contains(&column);
                let before = if right { pad } else { 0 };
                line = line.plain(" ".repeat(before)).join(cell);
                if column + 1 < length {
                    let after = 2 + pad - before;
                    line = line.plain(" ".repeat(after));
                }
            }
            terminal.print(&line);
        }
    }
}
