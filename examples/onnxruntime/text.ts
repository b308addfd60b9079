/** What the model has read; its tokens are the characters of it. */
export const TEXT =
  "a model gives each token of its vocabulary a number, and the greatest numbers name the tokens that may come next. the softmax of those numbers is what the " +
  "model believes; a temperature below one makes it bolder, one above makes it stranger. to draw from all of them is to meet, sooner or later, a token that nobody " +
  "would have written, so the tail is cut: by how many may stay, or by how much of the mass they hold together. what is left is drawn with a random number. keep the " +
  "seed, and the same story is told again; change it, and another one begins. the rest is a loop: the token that was drawn is read with all that came before it, and " +
  "the model is asked once more. ";

export const VOCABULARY: readonly string[] = [...new Set(TEXT)].sort();

/** One token a character. Errors: RangeError for a character that the model has not read. */
export function encode(text: string): number[] {
  return Array.from(text, (character) => {
    const token = VOCABULARY.indexOf(character);
    if (token < 0) throw new RangeError(`the model has not read ${JSON.stringify(character)}; give text of "${VOCABULARY.join("")}"`);
    return token;
  });
}

export const decode = (tokens: readonly number[]): string => tokens.map((token) => VOCABULARY[token]).join("");
