export const Title = () => <h1>Shop</h1>; // -> Title

type Props = { name: string };

// The page of the shop.
export default function Page({ name }: Props): JSX.Element {
  return (
    <main>
      <p>{name}</p>
    </main> // -> Page
  );
}

const Row = ({ name }: Props) => <li>{name}</li>; // -> Row
