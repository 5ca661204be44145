/** As much of a terminal as it takes to draw what our command shows: text, colours, and moves. */

/** How a character is drawn. */
export interface Style {
  /** One of the sixteen colours, or `undefined` for the usual one. */
  colour: number | undefined;
  isBold: boolean;
  isDim: boolean;
}

/** A character on the screen. */
export interface Cell extends Style {
  text: string;
}

const usual: Style = { colour: undefined, isBold: false, isDim: false };

const pieces =
  // eslint-disable-next-line no-control-regex -- these are the characters that steer a terminal.
  /\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\x07]*\x07|\x1b[()][A-Z0-9]|\x1b.|[\x00-\x1f]|./gsu;

/** A screen of so many columns and rows. */
export class Screen {
  readonly columns: number;
  readonly height: number;
  /** The rows, top to bottom; a row may be shorter than the screen. */
  rows: Cell[][];
  private row = 0;
  private column = 0;
  private style: Style = usual;
  private saved: [row: number, column: number] = [0, 0];

  constructor(columns: number, height: number) {
    this.columns = columns;
    this.height = height;
    this.rows = Array.from({ length: height }, () => []);
  }

  /** Where the next character goes. */
  get cursor(): { row: number; column: number } {
    return { row: this.row, column: this.column };
  }

  /** Shows what a program has written. */
  write(text: string): void {
    for (const [piece, parameters, command] of text.matchAll(pieces)) {
      if (command !== undefined) this.obey(command, parameters ?? '');
      else if (piece === '\x1b7') this.saved = [this.row, this.column];
      else if (piece === '\x1b8') [this.row, this.column] = this.saved;
      else if (piece.length <= 2 && piece.codePointAt(0) !== 0x1b) this.put(piece);
    }
  }

  private put(character: string): void {
    if (character === '\r') this.column = 0;
    else if (character === '\n') this.feed();
    else if (character === '\b') this.column = Math.max(0, this.column - 1);
    else if (character === '\t') this.column = Math.min(this.columns - 1, (this.column | 7) + 1);
    else if (character >= ' ') this.print(character);
  }

  private print(text: string): void {
    if (this.column >= this.columns) {
      this.column = 0;
      this.feed();
    }
    const row = this.rowAt(this.row);
    while (row.length < this.column) row.push({ text: ' ', ...usual });
    row[this.column] = { text, ...this.style };
    this.column += 1;
  }

  private feed(): void {
    if (this.row < this.height - 1) {
      this.row += 1;
    } else {
      this.rows = [...this.rows.slice(1), []];
    }
  }

  private rowAt(index: number): Cell[] {
    const row = this.rows[index] ?? [];
    this.rows[index] = row;
    return row;
  }

  private obey(command: string, parameters: string): void {
    const numbers = parameters.split(';').map(Number);
    const count = Math.max(1, numbers[0] ?? 1);
    const moves: Record<string, () => void> = {
      A: () => (this.row = Math.max(0, this.row - count)),
      B: () => (this.row = Math.min(this.height - 1, this.row + count)),
      C: () => (this.column = Math.min(this.columns - 1, this.column + count)),
      D: () => (this.column = Math.max(0, this.column - count)),
      G: () => (this.column = Math.min(this.columns, count) - 1),
      H: () => {
        this.row = Math.min(this.height, count) - 1;
        this.column = Math.min(this.columns, Math.max(1, numbers[1] ?? 1)) - 1;
      },
      J: () => {
        this.eraseBelow(numbers[0] ?? 0);
      },
      K: () => {
        this.eraseLine(numbers[0] ?? 0);
      },
      m: () => {
        for (const number of numbers) this.style = styled(this.style, number);
      },
      s: () => (this.saved = [this.row, this.column]),
      u: () => ([this.row, this.column] = this.saved),
    };
    moves[command]?.();
  }

  private eraseLine(how: number): void {
    const row = this.rowAt(this.row);
    if (how === 0) row.length = Math.min(row.length, this.column);
    else if (how === 2) row.length = 0;
    else row.fill({ text: ' ', ...usual }, 0, this.column + 1);
  }

  private eraseBelow(how: number): void {
    const first = how === 0 ? this.row + 1 : 0;
    if (how === 0) this.eraseLine(0);
    for (let index = first; index < this.height; index += 1) this.rows[index] = [];
  }
}

function styled(style: Style, number: number): Style {
  if (number === 0) return usual;
  if (number === 1) return { ...style, isBold: true };
  if (number === 2) return { ...style, isDim: true };
  if (number === 22) return { ...style, isBold: false, isDim: false };
  if (number >= 30 && number <= 37) return { ...style, colour: number - 30 };
  if (number >= 90 && number <= 97) return { ...style, colour: number - 82 };
  return number === 39 ? { ...style, colour: undefined } : style;
}
